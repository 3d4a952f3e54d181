import { openPostgresStore } from '../../../../lib/coordinator/store/postgres/index.js';
import { messageOf } from '../../../../lib/protocol/index.js';
import type { TestDatabase } from '../../../servers/test-database.js';
import { createTestDatabase } from '../../../servers/test-database.js';
import { DONE, insertOf, session, standing } from '../store-conformance/sessions.js';

const TABLES = "SELECT 1 FROM pg_tables WHERE schemaname = 'dtx_coordinator'";

describe('Opening a PostgreSQL store', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => database.drop());

  it('creates the tables, once, also when several nodes start at the same time', async () => {
    const stores = await Promise.all(
      Array.from({ length: 5 }, () => openPostgresStore({ url: database.url })),
    );

    expect(await stores[0]!.apply([insertOf(session())])).toEqual([DONE]);
    expect(await standing(stores[4]!, session())).toEqual(session());
    for (const store of stores) await store.close();
  });

  it('creates nothing in production, and says what to run', async () => {
    const old = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    const opening = openPostgresStore({ url: database.url });
    process.env['NODE_ENV'] = old;

    await expect(opening).rejects.toThrow(/DTX_ERR_SCHEMA_TOO_OLD.*npx nestjs-dtx migrate/);
    expect((await database.pool().query(TABLES)).rowCount).toBe(0);
  });

  it('works in production on tables that are there, without the right to create any', async () => {
    await (await openPostgresStore({ url: database.url })).close();
    const role = `${database.name}_app`;
    await database.pool().query(`
      CREATE ROLE ${role} LOGIN PASSWORD 'app';
      GRANT USAGE ON SCHEMA dtx_coordinator TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON dtx_coordinator.session TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON dtx_coordinator.wait_board TO ${role};
      GRANT SELECT ON dtx_coordinator.meta TO ${role}`);
    const url = new URL(database.url);
    [url.username, url.password] = [role, 'app'];

    const store = await openPostgresStore({ url: url.href });

    expect(await store.apply([insertOf(session())])).toEqual([DONE]);
    await store.close();
    await database.pool().query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  it('refuses tables of a newer version', async () => {
    await (await openPostgresStore({ url: database.url })).close();
    await database.pool().query("UPDATE dtx_coordinator.meta SET value = '3'");

    await expect(openPostgresStore({ url: database.url })).rejects.toThrow(
      /DTX_ERR_SCHEMA_TOO_NEW.*has schema version 3.*knows 2/,
    );
  });

  it('fails when nobody answers there, and does not tell the password', async () => {
    const opening = openPostgresStore({ url: 'postgres://me:s3cr3t@127.0.0.1:1/db' });

    const message = messageOf(await opening.catch((error: unknown) => error));
    expect(message).toMatch(/DTX_ERR_TC_STORE.*postgres:\/\/127\.0\.0\.1:1\/db/);
    expect(message).not.toContain('s3cr3t');
  });

  it('makes commits durable where the server does not by default', async () => {
    await database.pool().query(`ALTER DATABASE ${database.name} SET synchronous_commit = off`);
    const store = await openPostgresStore({ url: database.url });
    await database.pool().query(`
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.name := current_setting('synchronous_commit'); RETURN NEW; END $$;
      CREATE TRIGGER note BEFORE INSERT ON dtx_coordinator.session
      FOR EACH ROW EXECUTE FUNCTION note()`);

    await store.apply([insertOf(session())]);

    expect(await standing(store, session())).toMatchObject({ name: 'on' });
    await store.close();
  });

  it('works where transactions are serializable by default', async () => {
    await database
      .pool()
      .query(`ALTER DATABASE ${database.name} SET default_transaction_isolation = serializable`);
    const store = await openPostgresStore({ url: database.url });
    const batches = Array.from({ length: 20 }, (_, index) => [
      insertOf(session({ xid: `x${index}` })),
    ]);

    const answers = await Promise.all(batches.map((batch) => store.apply(batch)));

    expect(answers).toEqual(batches.map(() => [DONE]));
    await store.close();
  });
});
