import type { GlobalTransaction } from '../../lib/transaction/index.js';
import { CONFLICTS, CONFLICT_SCHEMA, CONFLICT_SEED, CONFLICT_TABLES } from './cases/conflicts.js';
import { isHere } from './work.js';
import type { Step } from './work.js';
import { describeEngines } from './world/engines.js';
import type { PlainDatabase, Snapshot, World } from './world/world.interface.js';

const LOCK_WAIT_TIMEOUT_MS = 60;

describeEngines((engine) => {
  const cases = CONFLICTS.flatMap(({ first, meets, second, title }) => {
    const [one, two] = [first[engine.dialect], second[engine.dialect]];
    return isHere(one) && isHere(two) ? [{ title, meets, one, two }] : [];
  });
  const schema = CONFLICT_SCHEMA[engine.dialect];
  let world: World;
  let plain: PlainDatabase;

  beforeAll(async () => {
    world = await engine.open({ schema, lockWaitTimeoutMs: LOCK_WAIT_TIMEOUT_MS });
    plain = await engine.openPlain(schema);
  }, 60_000);
  afterAll(async () => {
    await world.drop();
    await plain.drop();
  });
  beforeEach(() => world.refill(CONFLICT_TABLES, CONFLICT_SEED));
  afterEach(async () => {
    if ((await world.locks()).length > 0) await world.forget();
  });

  const holderOf = async (...work: readonly Step[]): Promise<GlobalTransaction> => {
    const holder = await world.manager.begin({ name: 'holder' });
    await holder.run(async () => {
      for (const step of work) await world.app.run(step);
    });
    return holder;
  };
  const runSecond = (step: Step): Promise<void> =>
    world.manager.run({ name: 'second' }, () => world.app.run(step));
  const snapshot = (): Promise<Snapshot> => world.snapshot(CONFLICT_TABLES);

  describe('what an undecided transaction has written', () => {
    const refused = cases.filter(({ meets }) => meets === 'conflict');
    const passing = cases.filter(({ meets }) => meets === 'passes');

    it.each(refused)('refuses $title', async ({ one, two }) => {
      const before = await snapshot();
      const holder = await holderOf(one);

      const error: unknown = await runSecond(two).catch((thrown: unknown) => thrown);

      expect(error).toMatchObject({
        code: 'DTX_ERR_RM_LOCK_CONFLICT',
        holderXid: holder.xid,
      });
      await holder.rollback();
      await world.untilClean();
      expect(await snapshot()).toEqual(before);
    });

    it.each(passing)('lets pass $title', async ({ one, two }) => {
      await plain.refill(CONFLICT_TABLES, CONFLICT_SEED);
      await plain.run(two);
      const holder = await holderOf(one);

      await runSecond(two);

      await holder.rollback();
      await world.untilClean();
      expect(await snapshot()).toEqual(await plain.snapshot(CONFLICT_TABLES));
    });

    it('refuses a writer after lockWaitTimeoutMs, with table, key and holder', async () => {
      const holder = await holderOf('UPDATE account SET n = 1 WHERE id = 1');

      const error: unknown = await runSecond('DELETE FROM account WHERE id = 1').catch(
        (thrown: unknown) => thrown,
      );

      expect(error).toMatchObject({
        retryable: true,
        holderXid: holder.xid,
        table: expect.stringContaining('account'),
        key: expect.stringContaining('1'),
        message: expect.stringMatching(/not released within lockWaitTimeoutMs \(60\)/),
      });
      await holder.rollback();
      await world.untilClean();
    });
  });
});
