import { BASIC_GROUPS } from './cases/index.js';
import { describeGroups } from './describe-groups.js';
import { describeEnginesOfWholeSuite } from './world/engines.js';

describeEnginesOfWholeSuite((engine) => {
  describe.each(engine.seams.filter((seam) => seam !== 'driver'))('through %s', (seam) => {
    describeGroups(engine, seam, BASIC_GROUPS);
  });
});
