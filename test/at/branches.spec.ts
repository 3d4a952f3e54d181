import type { GlobalTransaction } from '../../lib/transaction/index.js';
import { until } from '../support/until.js';
import { everywhere } from './work.js';
import { describeEngines } from './world/engines.js';
import type { Snapshot, World } from './world/world.interface.js';

const SCHEMA = everywhere('CREATE TABLE account (id INT PRIMARY KEY, owner VARCHAR(20), n INT)');
const SEED = `INSERT INTO account VALUES (1, 'ada', 100), (2, 'ben', 200)`;
const TAKE = 'UPDATE account SET n = n - 10 WHERE id = 1';

describeEngines((engine) => {
  let world: World;
  let awaitRelease: jest.SpyInstance;

  beforeAll(async () => {
    world = await engine.open({
      schema: SCHEMA[engine.dialect] as string,
      lockWaitTimeoutMs: 20_000,
      // Of what a person has to look at, a caller need not wait for the end.
      rollbackWaitMs: 500,
    });
    awaitRelease = jest.spyOn(world.manager.client, 'awaitRelease');
  }, 60_000);
  afterAll(() => world.drop());
  beforeEach(async () => {
    await world.refill(['account'], SEED);
    awaitRelease.mockClear();
  });
  afterEach(async () => {
    if ((await world.locks()).length > 0) await world.forget();
  });

  const begin = async (...statements: readonly string[]): Promise<GlobalTransaction> => {
    const transaction = await world.manager.begin({ name: 'holder' });
    await transaction.run(async () => {
      for (const statement of statements) await world.app.run(statement);
    });
    return transaction;
  };
  const take = (): Promise<void> =>
    world.manager.run({ name: 'second' }, () => world.app.run([TAKE]));
  const snapshot = (): Promise<Snapshot> => world.snapshot(['account']);
  const numbers = async (): Promise<readonly number[]> => {
    const rows = await world.app.query('SELECT n FROM account ORDER BY id');
    return rows.map((row) => Number((row as { n: unknown }).n));
  };

  describe('a second writer', () => {
    it.each([
      ['commit', [80, 200]],
      ['rollback', [90, 200]],
    ] as const)('waits, and goes on after the %s of the holder', async (end, expected) => {
      const holder = await begin(TAKE);

      const waiting = take();
      await until(() => awaitRelease.mock.calls.length > 0);
      await holder[end]();
      await waiting;

      expect(await numbers()).toEqual(expected);
      await world.untilClean();
    });

    it('is one of many who keep what they have committed, and nothing else', async () => {
      const one = (n: number): Promise<void> =>
        world.manager.run({ name: 'one of many' }, async () => {
          await world.app.run(TAKE);
          if (n % 2 === 1) throw new Error('changed its mind');
        });

      const results = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => one(n)));

      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
      expect(await numbers()).toEqual([70, 200]);
      await world.untilClean();
    });
  });

  describe('a row that somebody outside has changed', () => {
    it.each([
      ['changed', TAKE, `UPDATE account SET owner = 'outsider' WHERE id = 1`],
      ['deleted', TAKE, 'DELETE FROM account WHERE id = 1'],
      [
        'inserted again',
        'DELETE FROM account WHERE id = 1',
        `INSERT INTO account VALUES (1, 'outsider', 5)`,
      ],
      [
        'changed after it was new',
        `INSERT INTO account VALUES (3, 'new', 1)`,
        `UPDATE account SET owner = 'outsider' WHERE id = 3`,
      ],
    ])('is left as it is when it was %s; clean rows are restored', async (_, mine, foreign) => {
      const holder = await begin(mine, 'UPDATE account SET n = 0 WHERE id = 2');
      await world.sql(foreign);
      const outsiders = (await snapshot())['account']?.filter((row) => !row.includes('ben'));

      await holder.rollback().catch(() => undefined);
      await until(async () => (await numbers()).includes(200));

      expect((await snapshot())['account']?.filter((row) => !row.includes('ben'))).toEqual(
        outsiders,
      );
      expect(await world.locks()).toHaveLength(1);
      expect(world.logged.join('\n')).toMatch(/account.*outside of the transaction/);
    });

    it('is done when it is as it was before', async () => {
      const before = await snapshot();
      const holder = await begin(TAKE, 'DELETE FROM account WHERE id = 2');
      await world.sql('UPDATE account SET n = n + 10 WHERE id = 1');

      await holder.rollback();

      await world.untilClean();
      expect(await snapshot()).toEqual(before);
    });
  });
});
