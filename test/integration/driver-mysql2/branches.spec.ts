import type { PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';

import { currentTransaction } from '../../../lib/transaction/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { balances, openAtMariadbWorld } from '../../support/at-mariadb-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = ?';

class Failure extends Error {}

describeMariadb('a mysql2 pool in AT mode', () => {
  let world: AtMariadbWorld;
  beforeAll(async () => {
    world = await openAtMariadbWorld();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.untilClean();
    await world.plain.query("REPLACE INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)");
    await world.plain.query('DELETE FROM account WHERE id > 2');
  });

  /** Runs the work in a global transaction that fails afterwards. */
  const undone = async (work: () => Promise<unknown>): Promise<void> => {
    const run = world.manager.run({ name: 'undone' }, async () => {
      await work();
      throw new Failure('after the work');
    });
    await expect(run).rejects.toThrow('after the work');
  };

  const withConnection = async <T>(
    work: (connection: PoolConnection) => Promise<T>,
  ): Promise<T> => {
    const connection = await world.pool.getConnection();
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  };

  const inTransaction = (work: (connection: PoolConnection) => Promise<unknown>): Promise<void> =>
    withConnection(async (connection) => {
      await connection.beginTransaction();
      await work(connection);
      await connection.commit();
    });

  const branchCount = async (work: () => Promise<unknown>): Promise<number> => {
    const transaction = await world.manager.begin({ name: 'counted' });
    await transaction.run(work);
    const { branches } = await transaction.status();
    await transaction.commit();
    return branches.length;
  };

  /** What the session of each connection of the pool is left with. */
  const sessions = async (): Promise<readonly RowDataPacket[]> => {
    const connections = await Promise.all(
      Array.from({ length: 5 }, () => world.pool.getConnection()),
    );
    const text =
      'SELECT @dtx_tag AS tag, @dtx_branch AS branch, @@autocommit AS auto, ' +
      '@@in_transaction AS open';
    const found = await Promise.all(
      connections.map(async (connection) => (await connection.query<RowDataPacket[]>(text))[0]),
    );
    for (const connection of connections) connection.release();
    return found.flat();
  };

  const CLEAN = { tag: null, branch: null, auto: 1, open: 0 };

  it('works as before outside a global transaction', async () => {
    await world.pool.query(TAKE, [1]);

    expect(await balances(world)).toEqual([90, 100]);
    expect(await world.rows('SELECT * FROM dtx_undo_row')).toEqual([]);
  });

  it('keeps an autocommit write when the global transaction commits, and cleans up', async () => {
    await world.manager.run({ name: 'take' }, () => world.pool.query(TAKE, [1]));

    expect(await balances(world)).toEqual([90, 100]);
    await world.untilClean();
    const fences = await world.rows('SELECT * FROM dtx_undo_row WHERE nth = 0 AND state = 1');
    expect(fences).toEqual([]);
  });

  it.each([
    ['query', () => world.pool.query(TAKE, [1])],
    ['execute', () => world.pool.execute(TAKE, [1])],
    ['options', () => world.pool.query({ sql: TAKE, values: [1] })],
    ['a connection', () => withConnection((connection) => connection.query(TAKE, [1]))],
    ['execute of a connection', () => withConnection((one) => one.execute(TAKE, [1]))],
    [
      'a prepared statement',
      () =>
        withConnection(async (connection) => {
          const statement = await connection.prepare(TAKE);
          await statement.execute([1]);
        }),
    ],
    [
      'named placeholders',
      () =>
        world.pool.query({
          sql: 'UPDATE account SET balance = 0 WHERE id = :id',
          values: { id: 1 },
          namedPlaceholders: true,
        }),
    ],
  ] as const)('takes an autocommit write back: %s', async (_name, work) => {
    let seen: readonly number[] = [];

    await undone(async () => {
      await work();
      seen = await balances(world);
    });

    expect(seen).not.toEqual([100, 100]);
    expect(await balances(world)).toEqual([100, 100]);
    expect(await sessions()).toEqual(Array.from({ length: 5 }, () => CLEAN));
  });

  it.each([
    ['beginTransaction()', 'COMMIT', (one: PoolConnection) => one.beginTransaction()],
    ['BEGIN', 'COMMIT', (one: PoolConnection) => one.query('BEGIN')],
    ['begin with a comment', 'commit', (one: PoolConnection) => one.query('begin -- now')],
    ['START TRANSACTION', 'COMMIT WORK', (one: PoolConnection) => one.query('START TRANSACTION')],
    [
      'a consistent snapshot',
      'COMMIT',
      (one: PoolConnection) => one.query('START TRANSACTION WITH CONSISTENT SNAPSHOT'),
    ],
    [
      'an isolation level',
      'COMMIT',
      async (one: PoolConnection) => {
        await one.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
        await one.query('START TRANSACTION');
      },
    ],
  ] as const)('takes back inserts, updates and deletes after %s', async (_name, end, begin) => {
    await undone(async () => {
      await withConnection(async (connection) => {
        await begin(connection);
        await connection.query("INSERT INTO account VALUES (3, 'cid', 5)");
        await connection.query(TAKE, [1]);
        await connection.query('DELETE FROM account WHERE id = 2');
        expect(await balances(world)).toEqual([100, 100]);
        await connection.query(end);
      });
      expect(await balances(world)).toEqual([90, 5]);
    });

    expect(await balances(world)).toEqual([100, 100]);
    expect(await sessions()).toEqual(Array.from({ length: 5 }, () => CLEAN));
  });

  it('keeps an isolation level to the transaction that it was set for', async () => {
    const levels: unknown[] = [];
    await world.manager.run({ name: 'level' }, () =>
      withConnection(async (connection) => {
        await connection.query('SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED');
        for (const value of [1, 2]) {
          await connection.beginTransaction();
          await world.plain.query('SELECT 1');
          const outsider = await world.plain.getConnection();
          await outsider.beginTransaction();
          await outsider.query('UPDATE account SET balance = ? WHERE id = 2', [value]);
          const [rows] = await connection.query('SELECT balance FROM account WHERE id = 2');
          levels.push(rows);
          await outsider.rollback();
          outsider.release();
          await connection.commit();
        }
      }),
    );

    expect(levels).toEqual([[{ balance: 1 }], [{ balance: 100 }]]);
  });

  it('honours READ ONLY', async () => {
    const write = world.manager.run({ name: 'read only' }, () =>
      withConnection(async (connection) => {
        await connection.query('START TRANSACTION READ ONLY');
        try {
          await connection.query(TAKE, [1]);
        } finally {
          await connection.query('ROLLBACK');
        }
      }),
    );

    await expect(write).rejects.toMatchObject({ errno: 1792 });
    expect(await sessions()).toContainEqual(CLEAN);
  });

  it('works on a session without autocommit, and leaves it so', async () => {
    let left: unknown;
    await withConnection(async (connection) => {
      await connection.query('SET autocommit = 0');
      await undone(() => connection.query(TAKE, [1]));
      [left] = await connection.query('SELECT @dtx_tag AS tag, @@autocommit AS auto');
      await connection.query('SET autocommit = 1');
    });

    expect(left).toEqual([{ tag: null, auto: 0 }]);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('takes back what several branches did to one row', async () => {
    await undone(async () => {
      await world.pool.query(TAKE, [1]);
      await world.pool.query(TAKE, [1]);
      await world.pool.query('DELETE FROM account WHERE id = 1');
    });

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('returns what the driver would have returned', async () => {
    const sql = "INSERT INTO account VALUES (3, 'cid', 5), (4, 'dan', 6)";

    const [header, fields] = await world.manager.run({ name: 'header' }, () =>
      world.pool.query<ResultSetHeader>(sql),
    );

    expect(header).toMatchObject({ affectedRows: 2, fieldCount: 0 });
    expect(fields).toBeUndefined();
  });

  it('answers BEGIN and COMMIT as the driver does', async () => {
    const answers = (connection: PoolConnection): Promise<readonly unknown[]> =>
      [['BEGIN'], ['COMMIT'], ['START TRANSACTION'], ['ROLLBACK']].reduce<
        Promise<readonly unknown[]>
      >(
        async (before, [text = '']) => [...(await before), await connection.query(text)],
        Promise.resolve([]),
      );
    const plain = await withConnection(answers);

    const inside = await world.manager.run({ name: 'answers' }, () => withConnection(answers));

    expect(inside).toEqual(plain);
  });

  it('takes back writes of callback style, in the transaction of the caller', async () => {
    const xids: (string | undefined)[] = [];
    await undone(
      () =>
        new Promise<void>((resolve, reject) => {
          const core = world.pool.pool;
          core.query(TAKE, [1], (error, result) => {
            xids.push(currentTransaction()?.xid);
            if (error) reject(error);
            expect(result).toMatchObject({ affectedRows: 1 });
            core.getConnection((_error, connection) => {
              connection.execute(TAKE, [2], (failure) => {
                xids.push(currentTransaction()?.xid);
                connection.release();
                if (failure) reject(failure);
                else resolve();
              });
            });
          });
        }),
    );

    expect(xids).toEqual([expect.any(String), xids[0]]);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it('calls back with an error as the driver does', async () => {
    const error = await world.manager.run(
      { name: 'callback' },
      () =>
        new Promise((resolve) => {
          world.pool.pool.query('SELECT nonsense', (failure: unknown) => {
            resolve(failure);
          });
        }),
    );

    expect(error).toMatchObject({ errno: 1054 });
  });

  it('keeps the order of statements that were queued without awaiting', async () => {
    await undone(async () => {
      await withConnection(async (connection) => {
        await Promise.all([
          connection.query('BEGIN'),
          connection.query(TAKE, [1]),
          connection.execute(TAKE, [1]),
          connection.query('COMMIT'),
        ]);
      });
      expect(await balances(world)).toEqual([80, 100]);
    });

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('gives a connection back behind its COMMIT, whoever releases it before', async () => {
    await world.manager.run({ name: 'early' }, async () => {
      const connection = await world.pool.getConnection();
      void connection.query('BEGIN');
      void connection.query(TAKE, [1]);
      const committed = connection.query('COMMIT');
      connection.release();
      await committed;
    });

    expect(await balances(world)).toEqual([90, 100]);
    expect(await sessions()).toEqual(Array.from({ length: 5 }, () => CLEAN));
  });

  it('registers no branch for reads', async () => {
    const count = await branchCount(async () => {
      await world.pool.query('SELECT * FROM account');
      await inTransaction((connection) => connection.query('SELECT * FROM account FOR UPDATE'));
    });

    expect(count).toBe(0);
  });

  it('registers one branch for each local transaction that writes', async () => {
    const count = await branchCount(async () => {
      await world.pool.query(TAKE, [1]);
      await inTransaction(async (connection) => {
        await connection.query(TAKE, [1]);
        await connection.query(TAKE, [2]);
      });
    });

    expect(count).toBe(2);
  });

  it('forgets a branch whose local transaction was rolled back', async () => {
    await world.manager.run({ name: 'survives' }, async () => {
      await withConnection(async (connection) => {
        await connection.beginTransaction();
        await connection.query(TAKE, [1]);
        await connection.rollback();
      });
      await world.pool.query(TAKE, [2]);
    });

    expect(await balances(world)).toEqual([100, 90]);
    await world.untilClean();
    expect(await sessions()).toEqual(Array.from({ length: 5 }, () => CLEAN));
  });

  it('takes back change and undo row together at ROLLBACK TO a savepoint', async () => {
    await undone(() =>
      inTransaction(async (connection) => {
        await connection.query('SAVEPOINT a');
        await connection.query(TAKE, [1]);
        await connection.query('ROLLBACK TO SAVEPOINT a');
        await connection.query(TAKE, [2]);
      }),
    );

    expect(await balances(world)).toEqual([100, 100]);
    await world.untilClean();
  });

  it('takes back writes that hide in a SELECT, alone and in a local transaction', async () => {
    await world.plain.query(
      `CREATE FUNCTION take(account_id int) RETURNS int MODIFIES SQL DATA
         BEGIN
           UPDATE account SET balance = balance - 10 WHERE id = account_id;
           RETURN 1;
         END`,
    );
    await undone(async () => {
      await world.pool.query('SELECT take(1)');
      await inTransaction((connection) => connection.query('SELECT take(2)'));
      expect(await balances(world)).toEqual([90, 90]);
    });

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('lets two global transactions write different rows side by side', async () => {
    const take = (id: number) =>
      world.manager.run({ name: `take ${id}` }, () => world.pool.query(TAKE, [id]));

    await Promise.all([take(1), take(2)]);

    expect(await balances(world)).toEqual([90, 90]);
  });

  it('does not commit a branch of a transaction that was decided meanwhile', async () => {
    const transaction = await world.manager.begin({ name: 'decided' });
    const late = transaction.run(() =>
      inTransaction(async (connection) => {
        await connection.query('SELECT 1');
        // The timeout, or an operator, has rolled it back: this service does not know yet.
        await world.manager.client.rollback({ xid: transaction.xid, waitMs: 0 });
        await connection.query(TAKE, [1]);
      }),
    );

    await expect(late).rejects.toThrow(/DTX_ERR_TC_NOT_ACTIVE/);
    expect(await balances(world)).toEqual([100, 100]);
    await transaction.rollback();
    expect(await sessions()).toEqual(Array.from({ length: 5 }, () => CLEAN));
  });

  it('rolls back a transaction whose connection is released too early, and says so', async () => {
    await world.manager.run({ name: 'leaky' }, async () => {
      const connection = await world.pool.getConnection();
      await connection.query('BEGIN');
      await connection.query(TAKE, [1]);
      connection.release();
    });

    expect(await sessions()).toEqual(Array.from({ length: 5 }, () => CLEAN));
    expect(await balances(world)).toEqual([100, 100]);
    expect(world.logged.join()).toMatch(/connection of bank was released with an open transaction/);
  });

  it('sees the xid of its own transaction in each of many parallel calls', async () => {
    const seen = await Promise.all(
      Array.from({ length: 20 }, () =>
        world.manager.run({ name: 'parallel' }, async () => {
          const before = currentTransaction()?.xid;
          await world.pool.query('SELECT 1');
          return before === currentTransaction()?.xid;
        }),
      ),
    );

    expect(seen.every(Boolean)).toBe(true);
  });
});

describeMariadb('a mysql2 pool of one connection', () => {
  it('does not let whoever waited for it into the global transaction that had it', async () => {
    const world = await openAtMariadbWorld(undefined, { pool: { connectionLimit: 1 } });
    const core = world.pool.pool;
    const transaction = await world.manager.begin({ name: 'holds the connection' });
    const connection = await transaction.run(() => world.pool.getConnection());

    const outsider = new Promise<unknown>((resolve) => {
      core.query(TAKE, [1], () => {
        core.query('SELECT 1', () => {
          resolve(currentTransaction()?.xid);
        });
      });
    });
    await transaction.run(async () => {
      await connection.query(TAKE, [2]);
      connection.release();
    });

    expect(await outsider).toBeUndefined();
    await transaction.rollback();
    expect(await balances(world)).toEqual([90, 100]);
    await world.close();
  });

  it('opens its connections outside, so that their callbacks are nobody’s', async () => {
    const world = await openAtMariadbWorld(undefined, { pool: { connectionLimit: 1 } });
    const core = world.pool.pool;
    await world.manager.run({ name: 'first user' }, () => world.pool.query('SELECT 1'));

    const xid = await new Promise((resolve) => {
      core.query('SELECT 1', () => {
        resolve(currentTransaction()?.xid);
      });
    });

    expect(xid).toBeUndefined();
    await world.close();
  });
});
