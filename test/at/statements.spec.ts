import { GROUPS } from './cases/index.js';
import { describeGroups } from './describe-groups.js';
import { groupsOf } from './work.js';
import { describeEngines } from './world/engines.js';

describeEngines((engine) => {
  describe('a statement in a global transaction', () => {
    it('has cases in each of its groups', () => {
      const groups = groupsOf(engine.dialect, GROUPS);

      expect(groups.filter(({ cases }) => cases.length === 0)).toEqual([]);
    });

    describeGroups(engine, 'driver', GROUPS);
  });
});
