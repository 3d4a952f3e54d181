import { BASIC_GROUPS } from './cases/index.js';
import { describeGroups } from './describe-groups.js';
import { groupsOf } from './work.js';
import { describeEnginesOfWholeSuite } from './world/engines.js';

describeEnginesOfWholeSuite((engine) => {
  describe.each(engine.seams.filter((seam) => seam !== 'driver'))('through %s', (seam) => {
    it('has cases in each of its groups', () => {
      const groups = groupsOf(engine.dialect, BASIC_GROUPS);

      expect(groups.filter(({ cases }) => cases.length === 0)).toEqual([]);
    });

    describeGroups(engine, seam, BASIC_GROUPS);
  });
});
