import type pg from 'pg';

import type { AtEngine } from '../../../lib/resource/at/index.js';
import type { AtDatabase } from './at-database.js';
import { createAtDatabase, newTag } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, balance int);
  INSERT INTO account VALUES (1, 100);
  CREATE TABLE journal (line text);
`;
const COMMAND = 'npx nestjs-dtx at install --database "$DATABASE_URL" --schema public';

/** What a table went through, and how it stands then. */
const DRIFT = [
  ['has a new column', 'ALTER TABLE account ADD COLUMN note text'],
  ['has lost a column', 'ALTER TABLE account DROP COLUMN balance'],
  ['has a column of another type', 'ALTER TABLE account ALTER balance TYPE bigint'],
  ['has another name for its key', 'ALTER TABLE account RENAME id TO no'],
  [
    'has another key',
    `ALTER TABLE account DROP CONSTRAINT account_pkey;
     ALTER TABLE account ADD PRIMARY KEY (id, balance)`,
  ],
  ['has lost its key', 'ALTER TABLE account DROP CONSTRAINT account_pkey'],
  ['has a disabled trigger', 'ALTER TABLE account DISABLE TRIGGER "!dtx_capture"'],
  ['lacks a trigger', 'DROP TRIGGER "!dtx_truncate" ON account'],
] as const;

describe('Installation by somebody else than the application', () => {
  let database: AtDatabase;
  let role: string;

  beforeEach(async () => {
    database = await createAtDatabase(SETUP);
    role = `role_${new URL(database.url).pathname.slice(1)}`;
    await database.sql(`CREATE ROLE ${role} LOGIN PASSWORD 's3cr3t';
      GRANT USAGE ON SCHEMA dtx TO ${role};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dtx, public TO ${role}`);
  });

  afterEach(async () => {
    await database.sql(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    await database.drop();
  });

  /** An engine whose role may run no DDL. */
  function applicationEngine(): AtEngine {
    const url = new URL(database.url);
    url.username = role;
    url.password = 's3cr3t';
    const config: pg.PoolConfig = { connectionString: url.href };
    return database.engineFor(config);
  }
  const catalogue = () =>
    database.sql(
      `SELECT oid, xmin::text FROM pg_proc WHERE pronamespace = to_regnamespace('dtx')
       UNION ALL SELECT oid, xmin::text FROM pg_trigger ORDER BY 1`,
    );

  describe('is checked', () => {
    it('by a role without DDL, which is told what it is told otherwise', async () => {
      const mended = await database.engine.install();

      await expect(applicationEngine().install('check')).resolves.toEqual(mended);
    });

    it.each(DRIFT)('and refused when a table %s', async (_what, statement) => {
      await database.sql(statement);
      const before = await catalogue();

      await expect(applicationEngine().install('check')).rejects.toMatchObject({
        code: 'DTX_ERR_RM_AT_INSTALL',
        message: expect.stringMatching(/: public\.account \(stale\)\. .*--schema public$/),
      });
      await expect(catalogue()).resolves.toEqual(before);
    });

    it('and refused with the names of tables that were never covered', async () => {
      await database.sql('CREATE TABLE late (id int PRIMARY KEY)');

      await expect(database.engine.install('check')).rejects.toMatchObject({
        message: expect.stringContaining(`public.late (missing). Have it mended before the start`),
      });
    });

    it('and refused where nothing is installed, without a change', async () => {
      await database.sql('DROP SCHEMA dtx CASCADE');

      await expect(database.engine.install('check')).rejects.toMatchObject({
        message: expect.stringContaining(
          'the schema dtx itself, public.account (missing), public.journal (missing)',
        ),
      });
      await expect(catalogue()).resolves.toEqual([]);
    });

    it('and refused when functions are of another version, with the command', async () => {
      await database.sql("COMMENT ON FUNCTION dtx.refuse_write IS 'older'");

      await expect(database.engine.install('check')).rejects.toMatchObject({
        message: expect.stringContaining(`the schema dtx itself. `),
      });
      await expect(applicationEngine().install()).rejects.toMatchObject({
        message: expect.stringContaining(COMMAND),
      });
    });

    it('and warns of a partition that came later, which its root captures', async () => {
      await database.sql('CREATE TABLE event (id int PRIMARY KEY, n int) PARTITION BY RANGE (id)');
      await database.engine.install();
      await database.sql('CREATE TABLE event_1 PARTITION OF event DEFAULT');

      const { capturedTables, warnings } = await database.engine.install('check');

      expect(capturedTables).toContain('public.event');
      expect(warnings).toContainEqual(
        expect.stringMatching(/^TRUNCATE of partition public\.event_1 is not refused.*at install/),
      );
    });

    it('and quotes schemas in the command that need it', async () => {
      await database.sql(`CREATE SCHEMA "My Shop"; CREATE TABLE "My Shop".t (id int PRIMARY KEY)`);
      const engine = database.engineFor(undefined, ['My Shop']);

      await expect(engine.install('check')).rejects.toMatchObject({
        message: expect.stringContaining(`--schema 'My Shop'`),
      });
    });
  });

  it.each(DRIFT)(
    'refuses to start as usual when a table %s and it may not mend it',
    async (...of) => {
      await database.sql(of[1]);

      await expect(applicationEngine().install()).rejects.toMatchObject({
        code: 'DTX_ERR_RM_AT_INSTALL',
        message: expect.stringMatching(/out of date.*: public\.account \(.* at install .*public$/),
      });
    },
  );

  describe('is planned', () => {
    it('with nothing to do where everything is current', async () => {
      await expect(database.engine.plan()).resolves.toEqual({
        statements: [],
        tables: [
          { table: 'public.account', state: 'captured' },
          {
            table: 'public.journal',
            state: 'refused',
            note: expect.stringContaining('has no primary key'),
          },
        ],
        warnings: [expect.stringContaining('public.journal has no primary key')],
      });
    });

    it('as statements that do the same', async () => {
      await database.sql('DROP SCHEMA dtx CASCADE');
      const { statements, tables } = await database.engine.plan();
      await database.sql(statements.join(';\n'));

      expect(tables.map(({ state }) => state)).toEqual(['missing', 'missing']);
      await expect(database.engine.install('check')).resolves.toMatchObject({
        capturedTables: ['public.account'],
      });
    });

    it('with what is stale, and why', async () => {
      await database.sql('ALTER TABLE account ADD COLUMN note text');

      const { tables } = await database.engine.plan();

      expect(tables[0]).toEqual({
        table: 'public.account',
        state: 'stale',
        note: expect.stringContaining('made for other columns'),
      });
    });
  });

  describe('is taken away', () => {
    it('with the triggers, and can be repeated', async () => {
      await database.engine.uninstall();
      await database.engine.uninstall();

      await expect(database.sql('SELECT FROM pg_trigger')).resolves.toEqual([]);
      await expect(database.sql("SELECT FROM pg_namespace WHERE nspname = 'dtx'")).resolves.toEqual(
        [],
      );
    });

    it('not as long as undo rows are left', async () => {
      await database.branch(newTag(), 'UPDATE account SET balance = 0');

      await expect(database.engine.uninstall()).rejects.toMatchObject({
        code: 'DTX_ERR_RM_AT_INSTALL',
        message: expect.stringMatching(
          /rows are left \(1 of them\).*npx nestjs-dtx locks --database/,
        ),
      });
      await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toHaveLength(1);
    });
  });

  it('is asked for by whoever looks at undo rows where there is none', async () => {
    await database.sql('DROP SCHEMA dtx CASCADE');

    await expect(database.engine.desk.locks({}, 1)).rejects.toMatchObject({
      code: 'DTX_ERR_RM_AT_INSTALL',
      message: expect.stringContaining('has no schema dtx'),
    });
  });
});
