import type { PoolClient } from 'pg';

import { LockConflictError, StatementRefusedError } from '../../../lib/protocol/index.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import { ACCOUNT, openAtWorld } from '../../support/at-world.js';
import type { AtWorld } from '../../support/at-world.js';
import { until } from '../../support/until.js';

const SCHEMA = `${ACCOUNT};
  CREATE SCHEMA "My Bank";
  CREATE TABLE "My Bank"."Order" ("Id" text, "day" date, account_id int, state text,
    PRIMARY KEY ("Id", "day"));
  INSERT INTO "My Bank"."Order" VALUES
    ('o1', '2026-03-04', 1, 'new'), ('o2', '2026-03-04', 2, 'new');
  CREATE TABLE event (id timestamptz PRIMARY KEY, note text);
  INSERT INTO event VALUES ('2026-03-04 05:06:07.089+00', 'old');
  CREATE TABLE part (id int, region text, n int, PRIMARY KEY (id, region))
    PARTITION BY LIST (region);
  CREATE TABLE part_eu PARTITION OF part FOR VALUES IN ('eu');
  INSERT INTO part VALUES (1, 'eu', 1)`;
const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';
const READ = 'SELECT balance FROM account WHERE id = $1 FOR UPDATE';

describe('a locking read', () => {
  let world: AtWorld;
  let holder: GlobalTransaction;
  let awaitRelease: jest.SpyInstance;
  beforeAll(async () => {
    world = await openAtWorld(SCHEMA, {
      lockWaitTimeoutMs: 2_000,
      schemas: ['public', 'My Bank'],
    });
  });
  beforeEach(async () => {
    holder = await world.manager.begin({ name: 'holder' });
    awaitRelease = jest.spyOn(world.manager.client, 'awaitRelease');
  });
  afterEach(async () => {
    awaitRelease.mockRestore();
    if (holder.isActive) await holder.rollback();
    await world.untilClean();
  });
  afterAll(() => world.close());

  const hold = (sql: string, values: unknown[] = []) =>
    holder.run(() => world.pool.query(sql, values));
  const reading = <T>(body: () => Promise<T>) => world.manager.run({ name: 'reader' }, body);
  const underLock = <T>(body: () => Promise<T>, lockWaitTimeoutMs = 2_000) =>
    world.manager.underLock({ name: 'reader', lockWaitTimeoutMs }, body);
  const waiting = () => until(() => awaitRelease.mock.calls.length > 0);
  const inTransaction = async <T>(work: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await world.pool.connect();
    try {
      await client.query('BEGIN');
      return await work(client);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  };

  describe.each([
    ['inside a global transaction', reading],
    ['under the global lock', underLock],
  ] as const)('%s', (_place, around) => {
    it('leaves the search path of its local transaction as it was', async () => {
      const path = await around(() =>
        inTransaction(async (client) => {
          await client.query('SELECT 1 FROM public.part FOR UPDATE');
          const { rows } = await client.query<{ search_path: string }>('SHOW search_path');
          return rows[0]?.search_path;
        }),
      );

      expect(path).toBe('"$user", public');
    });

    it('never gives a value that is rolled back later', async () => {
      await hold(TAKE, [1]);
      const read = around(() => world.pool.query(READ, [1]));
      await waiting();

      await holder.rollback();

      expect((await read).rows).toEqual([{ balance: 100 }]);
    });

    it('never gives an intermediate value', async () => {
      await hold(TAKE, [2]);
      const read = around(() => world.pool.query(READ, [2]));
      await waiting();

      await hold('UPDATE account SET balance = 100 WHERE id = 2');
      await holder.commit();

      expect((await read).rows).toEqual([{ balance: 100 }]);
    });

    it('sees the holder whose local commit it has waited for', async () => {
      const client = await world.pool.connect();
      await holder.run(() => client.query('BEGIN'));
      await holder.run(() => client.query(TAKE, [1]));
      const read = around(() => world.pool.query(READ, [1]));
      await until(
        async () =>
          (
            await world.rows(
              `SELECT 1 FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'`,
            )
          ).length > 0,
      );

      await client.query('COMMIT');
      client.release();
      await waiting();
      await holder.rollback();

      expect((await read).rows).toEqual([{ balance: 100 }]);
    });

    it('gives its rows and fields as they are without', async () => {
      const result = await around(() =>
        world.pool.query({ text: 'SELECT id, owner FROM account WHERE id = 1 FOR SHARE' }),
      );
      const arrays = await around(() =>
        world.pool.query<unknown[]>({
          name: 'arrays',
          text: 'SELECT * FROM account WHERE id = 1 FOR UPDATE',
          rowMode: 'array',
        }),
      );

      expect(result.rows).toEqual([{ id: 1, owner: 'ann' }]);
      expect(result.fields.map(({ name }) => name)).toEqual(['id', 'owner']);
      expect(arrays.rows).toEqual([[1, 'ann', 100]]);
    });

    it('is refused before it runs where its rows are not known', async () => {
      const outcome = around(() =>
        world.pool.query('SELECT * FROM (SELECT * FROM account) a FOR UPDATE'),
      );

      await expect(outcome).rejects.toThrow(StatementRefusedError);
      await expect(outcome).rejects.toThrow(/FOR UPDATE is refused inside .* a sub-select/);
    });
  });

  it('fails after the bound, and names the table, the key and the holder', async () => {
    await hold(TAKE, [1]);

    const outcome = underLock(() => world.pool.query(READ, [1]), 50);

    await expect(outcome).rejects.toThrow(LockConflictError);
    await expect(outcome).rejects.toMatchObject({
      table: 'public.account',
      key: '1',
      holderXid: holder.xid,
      xid: undefined,
    });
  });

  it('fails at once behind other work of its local transaction, which cannot commit', async () => {
    await hold(TAKE, [1]);

    const outcome = reading(() =>
      inTransaction(async (client) => {
        await client.query('SELECT 1');
        await client.query(READ, [1]);
      }),
    );

    await expect(outcome).rejects.toThrow(/it cannot wait here/);
  });

  it.each([
    ['FOR KEY SHARE', 'SELECT balance FROM account WHERE id = 1 FOR KEY SHARE'],
    ['an alias', 'SELECT a.balance AS b FROM public.account AS a WHERE a.id = 1 FOR NO KEY UPDATE'],
    ['a quoted alias', `SELECT "A".* FROM "account" "A" ORDER BY "A".id LIMIT 1 FOR UPDATE`],
    [
      'a join',
      'SELECT 1 FROM account a JOIN account b ON b.id = a.id WHERE a.id = 1 FOR UPDATE OF b',
    ],
    [
      'a WITH clause',
      'WITH x AS (SELECT 1 AS id) SELECT 1 FROM x, account a WHERE a.id = x.id FOR UPDATE',
    ],
    [
      'a sub-select in WHERE',
      'SELECT 1 FROM account WHERE id = (SELECT min(id) FROM account) FOR UPDATE SKIP LOCKED',
    ],
    ['an empty list', 'SELECT FROM account WHERE id = 1 FOR UPDATE NOWAIT'],
    ['a comment before FROM', 'SELECT id -- the id\nFROM account WHERE id = 1 FOR UPDATE -- lock'],
  ])('looks behind a lock with %s', async (_what, sql) => {
    await hold(TAKE, [1]);

    const outcome = underLock(() => world.pool.query(sql), 0);

    await expect(outcome).rejects.toMatchObject({ table: 'public.account', key: '1' });
  });

  it('finds keys whose text depends on settings of the session', async () => {
    await hold(`UPDATE event SET note = 'new'`);

    const outcome = underLock(
      () =>
        inTransaction(async (client) => {
          await client.query(`SET LOCAL timezone = 'Asia/Tokyo'`);
          await client.query(`SET LOCAL datestyle = 'German'`);
          await client.query('SELECT note FROM event FOR UPDATE');
        }),
      0,
    );

    await expect(outcome).rejects.toMatchObject({ table: 'public.event', holderXid: holder.xid });
  });

  it('leaves the settings of the session as they were', async () => {
    const zone = await underLock(() =>
      inTransaction(async (client) => {
        await client.query(`SET LOCAL timezone = 'Asia/Tokyo'`);
        await client.query('SELECT note FROM event FOR UPDATE');
        return (await client.query<{ zone: string }>(`SELECT current_setting('timezone') AS zone`))
          .rows;
      }),
    );

    expect(zone).toEqual([{ zone: 'Asia/Tokyo' }]);
  });

  it.each(['part', 'part_eu'])('finds rows of a partition that are read from %s', async (table) => {
    await hold('UPDATE part SET n = 2');

    const outcome = underLock(() => world.pool.query(`SELECT n FROM ${table} FOR UPDATE`), 0);

    await expect(outcome).rejects.toMatchObject({ table: 'public.part', key: '(1,eu)' });
  });

  it('finds rows of the schema that the session searches', async () => {
    await hold(`UPDATE "My Bank"."Order" SET state = 'paid' WHERE "Id" = 'o1'`);

    const outcome = underLock(
      () =>
        inTransaction(async (client) => {
          await client.query(`SET LOCAL search_path = 'My Bank'`);
          await client.query(`SELECT * FROM "Order" o WHERE o."Id" = 'o1' FOR UPDATE`);
        }),
      0,
    );

    await expect(outcome).rejects.toMatchObject({
      table: '"My Bank"."Order"',
      key: '(o1,2026-03-04)',
    });
  });

  it('does not mind rows of its own global transaction', async () => {
    await hold(TAKE, [1]);

    const read = await hold(READ, [1]);

    expect(read.rows).toEqual([{ balance: 90 }]);
  });

  it('passes untouched outside of both', async () => {
    await hold(TAKE, [1]);

    const read = await world.pool.query(READ, [1]);

    expect(read.rows).toEqual([{ balance: 90 }]);
  });
});
