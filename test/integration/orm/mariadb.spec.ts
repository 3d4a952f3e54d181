import { drizzle } from 'drizzle-orm/mysql2';
import { eq, sql } from 'drizzle-orm';
import { int, mysqlTable, varchar } from 'drizzle-orm/mysql-core';
import knex from 'knex';
import type { Knex } from 'knex';
import { Kysely, MysqlDialect } from 'kysely';
import mysql2 from 'mysql2';

import { wrapMysql2 } from '../../../lib/resource/driver/mysql2/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtMariadbWorld } from '../../support/at-mariadb-world.js';
import { balances, openAtMariadbWorld } from '../../support/at-mariadb-world.js';

interface Tables {
  account: { id: number; owner: string; balance: number };
}

const account = mysqlTable('account', {
  id: int().primaryKey(),
  owner: varchar({ length: 20 }).notNull(),
  balance: int().notNull(),
});

type Operation = 'autocommit' | 'transaction';

/** The same work in the words of each library: account 1 to 0, account 2 away. */
describeMariadb.each(['Kysely', 'Drizzle', 'Knex'] as const)('%s over mysql2', (library) => {
  let world: AtMariadbWorld;
  let work: Readonly<Record<Operation, () => Promise<unknown>>>;
  let close: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    world = await openAtMariadbWorld();
    const opened = await OPEN[library](world);
    work = opened.work;
    close = opened.close;
  });
  afterAll(async () => {
    await close();
    await world.close();
  });
  beforeEach(async () => {
    await world.untilClean();
    await world.plain.query("REPLACE INTO account VALUES (1, 'ann', 100), (2, 'bob', 100)");
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

interface Opened {
  readonly work: Readonly<Record<Operation, () => Promise<unknown>>>;
  readonly close: () => Promise<void>;
}

const OPEN: Readonly<
  Record<'Kysely' | 'Drizzle' | 'Knex', (world: AtMariadbWorld) => Promise<Opened>>
> = {
  Kysely: (world) => {
    const db = new Kysely<Tables>({ dialect: new MysqlDialect({ pool: world.pool.pool }) });
    const change = async (on: Kysely<Tables>): Promise<void> => {
      await on.updateTable('account').set({ balance: 0 }).where('id', '=', 1).execute();
      await on.deleteFrom('account').where('id', '=', 2).execute();
    };
    return Promise.resolve({
      work: {
        autocommit: () => change(db),
        transaction: () =>
          db
            .transaction()
            .setIsolationLevel('serializable')
            .execute((trx) => change(trx)),
      },
      close: () => Promise.resolve(),
    });
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
    return Promise.resolve({
      work: {
        autocommit: () => change(db),
        transaction: () => db.transaction((trx) => change(trx)),
      },
      close: () => Promise.resolve(),
    });
  },
  /** Knex opens its connections itself, so it gets the wrapped module. */
  Knex: async (world) => {
    const driver = wrapMysql2('knex', { resourceId: 'knex' }, mysql2);
    const { default: Client } = await import('knex/lib/dialects/mysql2/index.js');
    class DtxClient extends Client {
      _driver(): unknown {
        return driver;
      }
    }
    const { hostname, password, pathname, port, username } = new URL(world.database.url);
    const db = knex({
      client: DtxClient as unknown as typeof Knex.Client,
      connection: {
        host: hostname,
        port: Number(port),
        user: username,
        password,
        database: pathname.slice(1),
      },
    });
    await db.raw('SELECT 1');
    await world.start(driver);
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
