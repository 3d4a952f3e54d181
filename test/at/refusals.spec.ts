import { REFUSALS, REFUSAL_SCHEMA, REFUSAL_SEED, REFUSAL_TABLES } from './cases/refusals.js';
import { isHere } from './work.js';
import { describeEngines } from './world/engines.js';
import type { World } from './world/world.interface.js';

describeEngines((engine) => {
  const cases = REFUSALS.flatMap(({ message, step, title }) => {
    const here = step[engine.dialect];
    return isHere(here) ? [{ title, message, step: here }] : [];
  });
  let world: World;

  beforeAll(async () => {
    world = await engine.open({ schema: REFUSAL_SCHEMA[engine.dialect] as string });
  }, 60_000);
  afterAll(() => world.drop());
  beforeEach(() => world.refill(REFUSAL_TABLES, REFUSAL_SEED));
  afterEach(async () => {
    if ((await world.locks()).length > 0) await world.forget();
  });

  describe('inside a global transaction nothing changes by', () => {
    it.each(cases)('$title, which is refused', async ({ message, step }) => {
      const before = await world.snapshot(REFUSAL_TABLES);

      const run = world.manager.run({ name: 'refused' }, () => world.app.run(step));

      await expect(run).rejects.toThrow(message);
      await world.untilClean();
      expect(await world.snapshot(REFUSAL_TABLES)).toEqual(before);
    });
  });
});
