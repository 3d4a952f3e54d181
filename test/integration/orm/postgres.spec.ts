import { eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import knex from 'knex';
import type { Knex } from 'knex';
import { Kysely, PostgresDialect } from 'kysely';
import Cursor from 'pg-cursor';

import type { AtWorld } from '../../support/at-world.js';
import { balances, openAtWorld } from '../../support/at-world.js';

interface Tables {
  account: { id: number; owner: string; balance: number };
}

const account = pgTable('account', {
  id: integer().primaryKey(),
  owner: text().notNull(),
  balance: integer().notNull(),
});

type Operation = 'autocommit' | 'transaction';

/** The same work in the words of each library: account 1 to 0, account 2 away. */
describe.each(['Kysely', 'Drizzle', 'Knex'] as const)('%s over pg', (library) => {
  let world: AtWorld;
  let work: Readonly<Record<Operation, () => Promise<unknown>>>;
  let close: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    world = await openAtWorld();
    const opened = OPEN[library](world);
    work = opened.work;
    close = opened.close;
  });
  afterAll(async () => {
    await close();
    await world.close();
  });
  beforeEach(async () => {
    await world.untilClean();
    await world.plain.query('DELETE FROM account');
    await world.plain.query("INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)");
  });

  it.each(['autocommit', 'transaction'] as const)('takes back: %s', async (operation) => {
    let during: readonly number[] = [];
    const run = world.manager.run({ name: 'undone' }, async () => {
      await work[operation]();
      during = await balances(world);
      throw new Error('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    expect(during).toEqual([0]);
    expect(await balances(world)).toEqual([100, 100]);
  });

  it.each(['autocommit', 'transaction'] as const)('keeps: %s', async (operation) => {
    await world.manager.run({ name: 'kept' }, work[operation]);

    expect(await balances(world)).toEqual([0]);
    await world.untilClean();
  });
});

describe('pg-cursor over pg', () => {
  let world: AtWorld;
  beforeAll(async () => {
    world = await openAtWorld();
  });
  afterAll(() => world.close());

  it('reads in a global transaction, and must not write', async () => {
    const rows = await world.manager.run({ name: 'cursor' }, async () => {
      const client = await world.pool.connect();
      try {
        const cursor = client.query(new Cursor('SELECT id FROM account ORDER BY id'));
        const found = await cursor.read(10);
        await cursor.close();
        expect(() => client.query(new Cursor('DELETE FROM account RETURNING id'))).toThrow(
          /DELETE through a cursor.*is refused/,
        );
        return found;
      } finally {
        client.release();
      }
    });

    expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await balances(world)).toEqual([100, 100]);
  });
});

interface Opened {
  readonly work: Readonly<Record<Operation, () => Promise<unknown>>>;
  readonly close: () => Promise<void>;
}

const nothing = (): Promise<void> => Promise.resolve();

const OPEN: Readonly<Record<'Kysely' | 'Drizzle' | 'Knex', (world: AtWorld) => Opened>> = {
  Kysely: (world) => {
    const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: world.pool }) });
    const change = async (on: Kysely<Tables>): Promise<void> => {
      await on.updateTable('account').set({ balance: 0 }).where('id', '=', 1).execute();
      await on.deleteFrom('account').where('id', '=', 2).execute();
    };
    return {
      work: {
        autocommit: () => change(db),
        transaction: () => db.transaction().execute((trx) => change(trx)),
      },
      close: nothing,
    };
  },
  Drizzle: (world) => {
    const db = drizzle(world.pool);
    const change = async (on: Pick<typeof db, 'update' | 'delete'>): Promise<void> => {
      await on
        .update(account)
        .set({ balance: sql`0` })
        .where(eq(account.id, 1));
      await on.delete(account).where(eq(account.id, 2));
    };
    return {
      work: {
        autocommit: () => change(db),
        transaction: () => db.transaction((trx) => change(trx)),
      },
      close: nothing,
    };
  },
  /** Knex has a pool of its own: it borrows its connections here. */
  Knex: ({ pool }) => {
    const db = knex({ client: 'pg', connection: {}, pool: { min: 0, max: 4 } });
    Object.assign(db.client as object, {
      acquireRawConnection: () => pool.connect(),
      destroyRawConnection: (client: { release(): void }) => {
        client.release();
      },
    });
    const change = async (on: Knex): Promise<void> => {
      await on('account').update({ balance: 0 }).where({ id: 1 });
      await on('account').delete().where({ id: 2 });
    };
    return {
      work: {
        autocommit: () => change(db),
        transaction: () => db.transaction((trx) => change(trx)),
      },
      close: () => db.destroy(),
    };
  },
};
