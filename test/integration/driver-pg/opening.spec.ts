import type { PoolClient, QueryConfig, QueryResult } from 'pg';
import Cursor from 'pg-cursor';

import type { AtWorld } from '../../support/at-world.js';
import { balances, openAtWorld } from '../../support/at-world.js';

const TAKE = 'UPDATE account SET balance = balance - 10 WHERE id = $1 RETURNING balance';
const NAMED = { name: 'take', text: TAKE, values: [1] };

const TRANSACTION_ID = 'pg_current_xact_id()::text';

type Send = (client: PoolClient) => Promise<unknown>;

/** What may come first behind BEGIN, as pg takes it; each takes 10 from the first account. */
const FIRST_STATEMENTS: readonly (readonly [what: string, send: Send])[] = [
  ['a text', (client) => client.query("UPDATE account SET balance = 90 WHERE id = '1'")],
  ['a text with values', (client) => client.query(TAKE, [1])],
  ['an object with values', (client) => client.query({ text: TAKE, values: [1] })],
  ['a named statement', (client) => client.query(NAMED)],
  ['rows in parts', (client) => client.query({ text: TAKE, values: [1], rows: 1 } as QueryConfig)],
  [
    'several statements in one text',
    (client) => client.query('SELECT 1; UPDATE account SET balance = 90 WHERE id = 1'),
  ],
  [
    'a savepoint',
    async (client) => {
      await client.query('SAVEPOINT before');
      return client.query(TAKE, [1]);
    },
  ],
];

describe('BEGIN of a branch over pg', () => {
  let world: AtWorld;
  let client: PoolClient;
  beforeAll(async () => {
    world = await openAtWorld();
  });
  beforeEach(async () => {
    await world.untilClean();
    await world.rows('UPDATE account SET balance = 100');
    client = await world.pool.connect();
  });
  afterEach(() => {
    client.release();
  });
  afterAll(() => world.close());

  const inTransaction = <T>(work: () => Promise<T>): Promise<T> =>
    world.manager.run({ name: 'opening' }, work);

  const stateAtServer = async (): Promise<unknown> => {
    const { processID } = client as unknown as { processID: number };
    const pid = String(processID);
    const [row] = await world.rows(`SELECT state FROM pg_stat_activity WHERE pid = ${pid}`);
    return (row as { readonly state: string } | undefined)?.state;
  };

  it('leaves with the first statement', async () => {
    const states: unknown[] = [];

    await inTransaction(async () => {
      await client.query('BEGIN');
      states.push(await stateAtServer());
      await client.query(TAKE, [1]);
      states.push(await stateAtServer());
      await client.query('COMMIT');
    });

    expect(states).toEqual(['idle', 'idle in transaction']);
  });

  it.each(FIRST_STATEMENTS)('is there before %s', async (_what, send) => {
    await expect(
      inTransaction(async () => {
        await client.query('BEGIN');
        await send(client);
        await client.query('COMMIT');
        throw new Error('taken back');
      }),
    ).rejects.toThrow('taken back');

    expect(await balances(world)).toEqual([100, 100]);
  });

  it('is there before a cursor that reads', async () => {
    const [atCursor, after] = await inTransaction(async () => {
      await client.query('BEGIN');
      const cursor = client.query(new Cursor(`SELECT ${TRANSACTION_ID} AS id`));
      const [read] = (await cursor.read(1)) as readonly { id: string }[];
      await cursor.close();
      const { rows } = await client.query<{ id: string }>(`SELECT ${TRANSACTION_ID} AS id`);
      await client.query('ROLLBACK');
      return [read?.id, rows[0]?.id];
    });

    expect(atCursor).toBe(after);
  });

  it('leaves the result to the statement that takes it along', async () => {
    const results: QueryResult[] = [];

    await inTransaction(async () => {
      results.push(await client.query('BEGIN'));
      results.push(await client.query(TAKE, [1]));
      results.push(await client.query('COMMIT'));
    });

    expect(results.map(({ command, rowCount, rows }) => [command, rowCount, rows])).toEqual([
      ['BEGIN', null, []],
      ['UPDATE', 1, [{ balance: 90 }]],
      ['COMMIT', null, []],
    ]);
  });

  it('keeps a named statement usable, also if it has failed behind it', async () => {
    const wrong = {
      name: 'wrong',
      text: 'SELECT no_column FROM account WHERE id = $1',
      values: [1],
    };

    const errors = await inTransaction(async () => {
      const met: unknown[] = [];
      for (let round = 1; round <= 2; round += 1) {
        await client.query('BEGIN');
        met.push(await rejectionOf(client.query(wrong)));
        await client.query('ROLLBACK');
      }
      for (let round = 1; round <= 2; round += 1) {
        await client.query('BEGIN');
        await client.query(NAMED);
        await client.query('COMMIT');
      }
      return met;
    });

    expect(errors).toEqual([
      expect.objectContaining({ code: '42703' }),
      expect.objectContaining({ code: '42703' }),
    ]);
    expect(await balances(world)).toEqual([80, 100]);
  });

  it('leaves the place of an error in the text as it is', async () => {
    const error = await inTransaction(async () => {
      await client.query('BEGIN');
      const met = await rejectionOf(client.query('SELECT $1::int + no_column', [1]));
      await client.query('ROLLBACK');
      return met;
    });

    expect(error).toMatchObject({ code: '42703', position: '18' });
  });

  it.each([
    ['what has no text', { values: [1] }],
    ['a name that stands for another text', { ...NAMED, text: 'SELECT $1::int' }],
    ['a value that cannot be sent', { text: TAKE, values: [unsendable()] }],
  ])('is not lost where pg itself refuses %s', async (_what, config) => {
    await inTransaction(async () => {
      await client.query('BEGIN');
      await client.query(NAMED);
      await client.query('ROLLBACK');
      await client.query('BEGIN');
      await rejectionOf(client.query(config as never));
      expect(await client.query('ROLLBACK')).toMatchObject({ command: 'ROLLBACK' });
      await client.query('BEGIN');
      await client.query(TAKE, [1]);
      await client.query('COMMIT');
    });

    expect(await balances(world)).toEqual([90, 100]);
  });

  it('says at once that its words are wrong', async () => {
    const error = await inTransaction(() => rejectionOf(client.query('BEGIN CAREFULLY')));

    expect(error).toMatchObject({ code: '42601' });
  });

  it('brings its isolation level along', async () => {
    const level = await inTransaction(async () => {
      await client.query('START TRANSACTION ISOLATION LEVEL SERIALIZABLE;');
      const { rows } = await client.query('SELECT current_setting($1) AS level', [
        'transaction_isolation',
      ]);
      await client.query('ROLLBACK');
      return (rows[0] as { level: string }).level;
    });

    expect(level).toBe('serializable');
  });

  it.each(['COMMIT', 'ROLLBACK'])('leaves nothing open when %s comes at once', async (end) => {
    const { command } = await inTransaction(async () => {
      await client.query('BEGIN');
      return client.query(end);
    });

    expect(command).toBe(end);
    expect(await stateAtServer()).toBe('idle');
  });

  it('leaves nothing open when the client is released at once', async () => {
    const notices: unknown[] = [];
    client.on('notice', (notice) => notices.push(notice.message));
    await inTransaction(async () => {
      await client.query('BEGIN');
      client.release();
      client = await world.pool.connect();
    });

    expect(await client.query(TAKE, [1])).toMatchObject({ rowCount: 1 });
    expect(await stateAtServer()).toBe('idle');
    expect(notices).toEqual([]);
  });

  it('waits for its turn behind what was sent before', async () => {
    const before = [
      client.query('SELECT pg_sleep(0.05)'),
      client.query('UPDATE account SET balance = 99 WHERE id = 2'),
    ];
    await inTransaction(async () => {
      await client.query('BEGIN');
      await Promise.all([...before, client.query(TAKE, [1])]);
      await client.query('ROLLBACK');
    });

    expect(await balances(world)).toEqual([100, 99]);
  });
});

function rejectionOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

/** pg asks such an object for its text, and this one has none. */
function unsendable(): unknown {
  return {
    toPostgres: () => {
      throw new Error('no text');
    },
  };
}
