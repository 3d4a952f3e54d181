import type { PoolConnection, RowDataPacket } from 'mysql2/promise';

import { LockConflictError, StatementRefusedError } from '../../../lib/protocol/index.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { ACCOUNT, openAtMariadbWorld } from '../../support/at-mariadb-world.js';
import { until } from '../../support/until.js';

const SCHEMA = [
  ...ACCOUNT,
  'CREATE TABLE `My Order` (Id varchar(20), `day` date, state text, PRIMARY KEY (Id, `day`))',
  "INSERT INTO `My Order` VALUES ('o1', '2026-03-04', 'new'), ('o2', '2026-03-04', 'new')",
  'CREATE VIEW accounts AS SELECT * FROM account',
  'CREATE TABLE note (id int)',
  'CREATE TABLE visit (id int PRIMARY KEY, n int)',
  'INSERT INTO visit VALUES (1, 0)',
  `CREATE FUNCTION counted() RETURNS int
   BEGIN UPDATE visit SET n = n + 1; RETURN 1; END`,
];
const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = ?';
const WAITS = `
  SELECT 1 FROM information_schema.innodb_trx t
  JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
  WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()`;
const READ = 'SELECT balance FROM account WHERE id = ? FOR UPDATE';

describeMariadb('a locking read on MariaDB', () => {
  let world: AtMariadbWorld;
  let holder: GlobalTransaction;
  let awaitRelease: jest.SpyInstance;
  beforeAll(async () => {
    world = await openAtMariadbWorld(SCHEMA, { lockWaitTimeoutMs: 2_000 });
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
    holder.run(async () => (await world.pool.query<RowDataPacket[]>(sql, values))[0]);
  const read = async (sql: string, values: unknown[] = []) =>
    (await world.pool.query<RowDataPacket[]>(sql, values))[0];
  const reading = <T>(body: () => Promise<T>) => world.manager.run({ name: 'reader' }, body);
  const underLock = <T>(body: () => Promise<T>, lockWaitTimeoutMs = 2_000) =>
    world.manager.underLock({ name: 'reader', lockWaitTimeoutMs }, body);
  const waiting = () => until(() => awaitRelease.mock.calls.length > 0);
  const inTransaction = async <T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> => {
    const connection = await world.pool.getConnection();
    try {
      await connection.query('BEGIN');
      return await work(connection);
    } finally {
      await connection.query('ROLLBACK');
      connection.release();
    }
  };

  describe.each([
    ['inside a global transaction', reading],
    ['under the global lock', underLock],
  ] as const)('%s', (_place, around) => {
    it('never gives a value that is rolled back later', async () => {
      await hold(TAKE, [1]);
      const outcome = around(() => read(READ, [1]));
      await waiting();

      await holder.rollback();

      expect(await outcome).toEqual([{ balance: 100 }]);
    });

    it('never gives an intermediate value', async () => {
      await hold(TAKE, [2]);
      const outcome = around(() => read(READ, [2]));
      await waiting();

      await hold('UPDATE account SET balance = 100 WHERE id = 2');
      await holder.commit();

      expect(await outcome).toEqual([{ balance: 100 }]);
    });

    it('sees the holder whose local commit it has waited for', async () => {
      const connection = await world.pool.getConnection();
      await holder.run(() => connection.query('BEGIN'));
      await holder.run(() => connection.query(TAKE, [1]));
      const outcome = around(() => read(READ, [1]));
      await until(async () => {
        // The server shows waits as they were when it was last asked, if that is not long ago.
        await world.rows('SELECT SLEEP(0.15)');
        return (await world.rows(WAITS)).length > 0;
      });

      await connection.query('COMMIT');
      connection.release();
      await waiting();
      await holder.rollback();

      expect(await outcome).toEqual([{ balance: 100 }]);
    });

    it('sees the holder that is younger than the snapshot of its local transaction', async () => {
      const outcome = around(() =>
        inTransaction(async (connection) => {
          await connection.query('SELECT * FROM account');
          await hold(TAKE, [1]);
          await connection.query(READ, [1]);
        }),
      );

      await expect(outcome).rejects.toThrow(/account|changed since/);
    });

    it.each([
      ['rows', {}, [{ id: 1, owner: 'ann' }]],
      ['arrays', { rowsAsArray: true }, [[1, 'ann']]],
      ['nested rows', { nestTables: true }, [{ a: { id: 1, owner: 'ann' } }]],
      ['rows of prefixes', { nestTables: '_' }, [{ a_id: 1, a_owner: 'ann' }]],
    ] as const)('gives %s and fields as they are without', async (_what, options, expected) => {
      const sql = 'SELECT id, owner FROM account a WHERE id = ? FOR UPDATE';

      const answers = await around(async () => [
        await world.pool.query<RowDataPacket[]>({ ...options, sql }, [1]),
        await world.pool.execute<RowDataPacket[]>({ ...options, sql }, [1]),
      ]);

      for (const [rows, fields] of answers) {
        expect(rows).toEqual(expected);
        expect(fields.map(({ name }) => name)).toEqual(['id', 'owner']);
      }
    });

    it.each([
      ['a sub-select', 'SELECT * FROM (SELECT * FROM account) a FOR UPDATE'],
      ['COUNT()', 'SELECT COUNT(*) FROM account FOR UPDATE'],
      ['a stored function', 'SELECT id, counted() FROM account FOR UPDATE'],
      ['an executable comment', 'SELECT /*!99999 1, */ 1 FROM account LOCK IN SHARE MODE'],
      ['accounts is no table', 'SELECT id FROM accounts FOR UPDATE'],
      ['GROUP', 'SELECT id FROM account GROUP BY id FOR UPDATE'],
    ])('is refused before it runs where its rows are not known: %s', async (what, sql) => {
      const outcome = around(() => world.pool.query(sql));

      await expect(outcome).rejects.toThrow(StatementRefusedError);
      await expect(outcome).rejects.toThrow(what);
    });
  });

  it('fails after the bound, and names the table, the key and the holder', async () => {
    await hold(TAKE, [1]);

    const outcome = underLock(() => read(READ, [1]), 50);

    await expect(outcome).rejects.toThrow(LockConflictError);
    await expect(outcome).rejects.toMatchObject({
      table: 'account',
      key: '1',
      holderXid: holder.xid,
      xid: undefined,
    });
  });

  it.each([
    ['LOCK IN SHARE MODE', 'SELECT balance FROM account WHERE id = 1 LOCK IN SHARE MODE'],
    ['WAIT', 'SELECT balance FROM account WHERE id = 1 FOR UPDATE WAIT 1'],
    [
      'an alias',
      'SELECT a.balance AS b FROM account AS a WHERE a.id = 1 LOCK IN SHARE MODE NOWAIT',
    ],
    ['a quoted alias', 'SELECT `A`.* FROM `account` `A` ORDER BY `A`.id LIMIT 1 FOR UPDATE'],
    [
      'a join',
      'SELECT 1 FROM note n RIGHT JOIN account b ON b.id = n.id WHERE b.id = 1 FOR UPDATE',
    ],
    [
      'STRAIGHT_JOIN and hints',
      'SELECT 1 FROM account a USE INDEX (PRIMARY) ' +
        'STRAIGHT_JOIN account b ON b.id = a.id FOR UPDATE',
    ],
    [
      'a WITH clause',
      'WITH x AS (SELECT 1 AS id) SELECT 1 FROM x, account a WHERE a.id = x.id FOR UPDATE',
    ],
    [
      'a sub-select in WHERE',
      'SELECT 1 FROM account WHERE id = (SELECT MIN(id) FROM account) FOR UPDATE SKIP LOCKED',
    ],
    ['a comment before FROM', 'SELECT id -- the id\nFROM account WHERE id = 1 FOR UPDATE -- lock'],
    [
      'the text of TypeORM',
      'SELECT `Account`.`id` AS `Account_id` FROM `account` `Account` WHERE ' +
        '((`Account`.`id` = 1)) LIMIT 1 FOR UPDATE',
    ],
    ['a function that writes', 'SELECT id FROM account WHERE id = counted() FOR UPDATE'],
  ])('looks behind a lock with %s', async (_what, sql) => {
    await hold(TAKE, [1]);

    const outcome = underLock(() => read(sql), 0);

    await expect(outcome).rejects.toMatchObject({ table: 'account', key: '1' });
  });

  it('finds rows of keys that people could not read', async () => {
    await hold("UPDATE `My Order` SET state = 'paid' WHERE Id = 'o1'");

    const outcome = underLock(() => read('SELECT * FROM `My Order` LOCK IN SHARE MODE'), 0);

    await expect(outcome).rejects.toMatchObject({ table: 'My Order', key: 'o1, 2026-03-04' });
  });

  it('is part of a branch where it calls a function that writes', async () => {
    await hold('SELECT id FROM account WHERE id = 2 AND counted() = 1 FOR UPDATE');
    expect(await world.rows('SELECT n FROM visit')).toEqual([{ n: 1 }]);

    await holder.rollback();

    await world.untilClean();
    expect(await world.rows('SELECT n FROM visit')).toEqual([{ n: 0 }]);
  });

  it('keeps nobody from writing to other rows', async () => {
    await reading(() =>
      inTransaction(async (connection) => {
        await connection.query(READ, [2]);

        await hold(TAKE, [1]);
      }),
    );

    expect(await world.rows("SELECT pk FROM dtx_undo_row WHERE tbl <> ''")).toEqual([{ pk: '1' }]);
  });

  it('does not mind rows of its own global transaction', async () => {
    await hold(TAKE, [1]);

    expect(await hold(READ, [1])).toEqual([{ balance: 90 }]);
  });

  it('passes untouched outside of both', async () => {
    await hold(TAKE, [1]);

    expect(await read(READ, [1])).toEqual([{ balance: 90 }]);
  });
});

describeMariadb('a write under the global lock on MariaDB', () => {
  let world: AtMariadbWorld;
  let holder: GlobalTransaction;
  beforeEach(async () => {
    world = await openAtMariadbWorld();
    holder = await world.manager.begin({ name: 'holder' });
    await holder.run(() => world.pool.query(TAKE, [1]));
  });
  afterEach(() => world.close());

  const take = (id: number, lockWaitTimeoutMs = 60_000): Promise<unknown> =>
    world.manager.underLock({ name: 'writer', lockWaitTimeoutMs }, () =>
      world.pool.query(TAKE, [id]),
    );
  const balances = () => world.rows('SELECT balance FROM account ORDER BY id');

  it.each([
    ['commit', [{ balance: 80 }, { balance: 100 }]],
    ['rollback', [{ balance: 90 }, { balance: 100 }]],
  ] as const)('waits for the holder, and goes on at its %s', async (end, expected) => {
    const awaitRelease = jest.spyOn(world.manager.client, 'awaitRelease');
    const writing = take(1);
    await until(() => awaitRelease.mock.calls.length > 0);

    await holder[end]();
    await writing;

    expect(await balances()).toEqual(expected);
  });

  it('fails after its bound, and names the table, the key and the holder', async () => {
    await expect(take(1, 50)).rejects.toMatchObject({
      table: 'account',
      key: '1',
      holderXid: holder.xid,
      xid: undefined,
    });
  });

  it('records nothing where nobody holds the row', async () => {
    await take(2);

    expect(await balances()).toEqual([{ balance: 90 }, { balance: 90 }]);
    expect(await world.rows("SELECT pk FROM dtx_undo_row WHERE tbl <> ''")).toEqual([{ pk: '1' }]);
  });
});
