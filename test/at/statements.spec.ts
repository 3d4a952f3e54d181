import { GROUPS } from './cases/index.js';
import { describeGroups } from './describe-groups.js';
import { describeEngines } from './world/engines.js';

describeEngines((engine) => {
  describe('a statement in a global transaction', () => {
    describeGroups(engine, 'driver', GROUPS);
  });
});
