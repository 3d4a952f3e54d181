import type { PoolClient, QueryResult } from 'pg';

import { currentTransaction } from '../../../lib/transaction/index.js';
import type { AtWorld } from '../../support/at-world.js';
import { balances, openAtWorld } from '../../support/at-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1';

class Failure extends Error {}

describe('a pg pool in AT mode', () => {
  let world: AtWorld;
  beforeEach(async () => {
    world = await openAtWorld();
  });
  afterEach(() => world.close());

  /** Runs the work in a global transaction that fails afterwards. */
  const undone = async (work: () => Promise<unknown>): Promise<void> => {
    const run = world.manager.run({ name: 'undone' }, async () => {
      await work();
      throw new Failure('after the work');
    });
    await expect(run).rejects.toThrow('after the work');
  };

  const inTransaction = async (work: (client: PoolClient) => Promise<unknown>): Promise<void> => {
    const client = await world.pool.connect();
    try {
      await client.query('BEGIN');
      await work(client);
      await client.query('COMMIT');
    } finally {
      client.release();
    }
  };

  const branchCount = async (work: () => Promise<unknown>): Promise<number> => {
    const transaction = await world.manager.begin({ name: 'counted' });
    await transaction.run(work);
    const { branches } = await transaction.status();
    await transaction.commit();
    return branches.length;
  };

  it('works as before outside a global transaction', async () => {
    await world.pool.query(TAKE, [1]);

    expect(await balances(world)).toEqual([90, 100]);
    expect(await world.rows('SELECT * FROM dtx.undo_row')).toEqual([]);
  });

  it('keeps an autocommit write when the global transaction commits, and cleans up', async () => {
    await world.manager.run({ name: 'take' }, () => world.pool.query(TAKE, [1]));

    expect(await balances(world)).toEqual([90, 100]);
    await world.untilClean();
    expect(await world.rows('SELECT * FROM dtx.branch_fence')).toEqual([]);
  });

  it('takes an autocommit write back when the global transaction rolls back', async () => {
    await undone(() => world.pool.query(TAKE, [1]));

    expect(await balances(world)).toEqual([100, 100]);
    await world.untilClean();
  });

  it('makes the write visible to others at its local commit', async () => {
    let seen: readonly number[] = [];
    await undone(async () => {
      await world.pool.query(TAKE, [1]);
      seen = await balances(world);
    });

    expect(seen).toEqual([90, 100]);
  });

  it('takes back inserts, updates and deletes of one local transaction', async () => {
    await undone(() =>
      inTransaction(async (client) => {
        await client.query("INSERT INTO account VALUES (3, 'cid', 5)");
        await client.query(TAKE, [1]);
        await client.query('DELETE FROM account WHERE id = 2');
      }),
    );

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
    const sql = 'UPDATE account SET balance = 7 WHERE id > $1 RETURNING id';

    const result = await world.manager.run({ name: 'returning' }, () =>
      world.pool.query<{ id: number }>(sql, [0]),
    );

    expect(result).toMatchObject({ command: 'UPDATE', rowCount: 2, rows: [{ id: 1 }, { id: 2 }] });
  });

  it('answers BEGIN and COMMIT as the driver does', async () => {
    const commands: (string | undefined)[] = [];
    await world.manager.run({ name: 'commands' }, async () => {
      const client = await world.pool.connect();
      for (const text of ['BEGIN', 'SELECT 1', 'COMMIT']) {
        commands.push((await client.query(text)).command);
      }
      client.release();
    });

    expect(commands).toEqual(['BEGIN', 'SELECT', 'COMMIT']);
  });

  it('takes back writes of callback style, in the transaction of the caller', async () => {
    await undone(async () => {
      const result = await new Promise<QueryResult>((resolve, reject) => {
        world.pool.query(TAKE, [1], (error: Error | null, answer) => {
          if (error) reject(error);
          else resolve(answer);
        });
      });
      expect(result.rowCount).toBe(1);
    });

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('calls back with an error as the driver does', async () => {
    const error = await world.manager.run(
      { name: 'callback' },
      () =>
        new Promise((resolve) => {
          world.pool.query('SELECT nonsense', (failure: unknown) => {
            resolve(failure);
          });
        }),
    );

    expect(error).toMatchObject({ code: '42703' });
  });

  it('takes back named prepared statements and config objects', async () => {
    await undone(async () => {
      await world.pool.query({ name: 'take', text: TAKE, values: [1] });
      await inTransaction((client) => client.query({ name: 'take', text: TAKE, values: [2] }));
    });

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('keeps the order of statements that were queued without awaiting', async () => {
    await undone(async () => {
      const client = await world.pool.connect();
      await Promise.all([
        client.query('BEGIN'),
        client.query(TAKE, [1]),
        client.query(TAKE, [1]),
        client.query('COMMIT'),
      ]);
      client.release();
      expect(await balances(world)).toEqual([80, 100]);
    });

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('registers no branch for reads', async () => {
    const count = await branchCount(async () => {
      await world.pool.query('SELECT * FROM account');
      await inTransaction((client) => client.query('SELECT * FROM account FOR UPDATE'));
    });

    expect(count).toBe(0);
  });

  it('registers one branch for each local transaction that writes', async () => {
    const count = await branchCount(async () => {
      await world.pool.query(TAKE, [1]);
      await inTransaction(async (client) => {
        await client.query(TAKE, [1]);
        await client.query(TAKE, [2]);
      });
    });

    expect(count).toBe(2);
  });

  it('forgets a branch whose local transaction was rolled back', async () => {
    await world.manager.run({ name: 'survives' }, async () => {
      const client = await world.pool.connect();
      await client.query('BEGIN');
      await client.query(TAKE, [1]);
      await client.query('ROLLBACK');
      client.release();
      await world.pool.query(TAKE, [2]);
    });

    expect(await balances(world)).toEqual([100, 90]);
    await world.untilClean();
  });

  it('takes back change and undo row together at ROLLBACK TO a savepoint', async () => {
    await undone(() =>
      inTransaction(async (client) => {
        await client.query('SAVEPOINT a');
        await client.query(TAKE, [1]);
        await client.query('ROLLBACK TO SAVEPOINT a');
        await client.query(TAKE, [2]);
      }),
    );

    expect(await balances(world)).toEqual([100, 100]);
    await world.untilClean();
  });

  it('takes back writes that hide in a SELECT, alone and in a local transaction', async () => {
    await world.plain.query(
      `CREATE FUNCTION take(account_id int) RETURNS void LANGUAGE sql AS
         'UPDATE account SET balance = balance - 10 WHERE id = account_id'`,
    );
    await undone(async () => {
      await world.pool.query('SELECT take(1)');
      await inTransaction((client) => client.query('SELECT take(2)'));
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
      inTransaction(async (client) => {
        await client.query('SELECT 1');
        // The timeout, or an operator, has rolled it back: this service does not know yet.
        await world.manager.client.rollback({ xid: transaction.xid, waitMs: 0 });
        await client.query(TAKE, [1]);
      }),
    );

    await expect(late).rejects.toThrow(/DTX_ERR_TC_NOT_ACTIVE/);
    expect(await balances(world)).toEqual([100, 100]);
    await transaction.rollback();
  });

  it('rolls back over a local transaction that is still open, and fences it', async () => {
    const client = await world.pool.connect();
    const transaction = await world.manager.begin({ name: 'open' });
    await transaction.run(async () => {
      await client.query('BEGIN');
      await client.query(TAKE, [1]);
    });

    const commit = transaction.commit();

    await expect(commit).rejects.toThrow(/DTX_ERR_TM_BRANCH_OPEN/);
    await client.query('ROLLBACK');
    client.release();
    expect(await balances(world)).toEqual([100, 100]);
    await world.untilClean();
  });

  it('rolls back a transaction whose connection is released too early, and says so', async () => {
    await world.manager.run({ name: 'leaky' }, async () => {
      const client = await world.pool.connect();
      await client.query('BEGIN');
      await client.query(TAKE, [1]);
      client.release();
    });

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
