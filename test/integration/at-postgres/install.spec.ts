import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, balance int);
  INSERT INTO account VALUES (1, 100);
  CREATE TABLE journal (line text);
  CREATE SCHEMA shop;
  CREATE TABLE shop.product (id int PRIMARY KEY, n int);
`;

describe('Installation', () => {
  let database: AtDatabase;

  beforeEach(async () => {
    database = await createAtDatabase(SETUP);
  });

  afterEach(async () => {
    await database.drop();
  });

  /** What changes in the catalogue when anything of ours is made again. */
  const versions = (): Promise<readonly Record<string, unknown>[]> =>
    database.sql(
      `SELECT p.oid, p.xmin::text, p.proname AS name FROM pg_proc p
       WHERE p.pronamespace = 'dtx'::regnamespace
       UNION ALL SELECT oid, xmin::text, tgname FROM pg_trigger ORDER BY 1, 3`,
    );

  it('reports the tables of the search path that are captured', async () => {
    const report = await database.engine.install();

    expect(report.capturedTables).toEqual(['public.account']);
  });

  it('changes nothing when it is repeated', async () => {
    const before = await versions();

    await database.engine.install();

    await expect(versions()).resolves.toEqual(before);
  });

  it('works in several processes at once', async () => {
    await database.sql('DROP SCHEMA dtx CASCADE');
    const engines = Array.from({ length: 6 }, () => database.engineFor({}));

    const reports = await Promise.all(engines.map((engine) => engine.install()));

    expect(reports.map(({ capturedTables }) => capturedTables)).toEqual(
      engines.map(() => ['public.account']),
    );
    await expect(database.sql('SELECT * FROM dtx.schema_version')).resolves.toEqual([
      { version: 1 },
    ]);
  });

  it('captures the schemas that it is given', async () => {
    const { capturedTables } = await database.engineFor(undefined, ['shop']).install();

    expect(capturedTables).toEqual(['shop.product']);
  });

  it('refuses a schema that does not exist', async () => {
    const install = database.engineFor(undefined, ['shop', 'Nowhere']).install();

    await expect(install).rejects.toMatchObject({
      code: 'DTX_ERR_RM_AT_INSTALL',
      message: expect.stringContaining('schema "Nowhere" of the option "schemas" does not exist'),
    });
  });

  it('refuses a database that a newer version has set up', async () => {
    await database.sql('UPDATE dtx.schema_version SET version = 99');

    await expect(database.engine.install()).rejects.toMatchObject({
      code: 'DTX_ERR_SCHEMA_TOO_NEW',
      message: expect.stringContaining('Schema dtx in the database of shop has schema version 99'),
    });
  });

  it('brings triggers and functions up to date that somebody has damaged', async () => {
    await database.sql(`
      ALTER TABLE account DISABLE TRIGGER "!dtx_capture";
      DROP TRIGGER "!dtx_truncate" ON account;
      CREATE OR REPLACE FUNCTION dtx.refuse_truncate() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN RETURN NULL; END';
      COMMENT ON FUNCTION dtx.refuse_truncate IS 'older';`);

    await database.engine.install();

    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 0');
    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toHaveLength(1);
    await expect(database.branch(newTag(), 'TRUNCATE account')).rejects.toThrow(/cannot be undone/);
  });

  it('follows a change of a table', async () => {
    await database.sql(
      'ALTER TABLE account ADD COLUMN note text; ALTER TABLE account RENAME id TO no',
    );
    await database.engine.install();
    const before = await database.rows('account');
    const tag = newTag();
    await database.branch(tag, "UPDATE account SET note = 'x', balance = 5");

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('account')).resolves.toEqual(before);
  });

  it('explains a write to a table whose key was renamed after it', async () => {
    await database.sql('ALTER TABLE account RENAME id TO no');

    const error: unknown = await database
      .branch(newTag(), 'UPDATE account SET balance = 0')
      .catch((reason: unknown) => reason);

    expect(database.engine.explain(error)).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('Start the application again'),
    });
  });

  it('gives up with the name of a table that stays locked', async () => {
    await database.sql('CREATE TABLE busy (id int PRIMARY KEY)');
    const client = await database.connect();
    await client.query('BEGIN; INSERT INTO busy VALUES (1)');

    await expect(database.engine.install()).rejects.toMatchObject({
      code: 'DTX_ERR_RM_AT_INSTALL',
      message: expect.stringContaining('public.busy was locked by others at each of 5 attempts'),
    });
  }, 20_000);

  it('waits for a table that is locked for a moment', async () => {
    await database.sql('CREATE TABLE busy (id int PRIMARY KEY)');
    const client = await database.connect();
    await client.query('BEGIN; INSERT INTO busy VALUES (1)');
    const install = database.engine.install();
    await database.untilBlocked();
    await client.query('COMMIT');

    await expect(install).resolves.toMatchObject({
      capturedTables: ['public.account', 'public.busy'],
    });
  });

  it('reaches tables whose names need quotes, and names that are long', async () => {
    const long = 'l'.repeat(63);
    await database.sql(`
      CREATE SCHEMA "My ""Shop""";
      CREATE TABLE "My ""Shop"""."Order's $dtx$ Table" ("Id" int, "a""b\\c" text, "${long}" int,
        PRIMARY KEY ("a""b\\c", "Id"));
      CREATE TABLE ${long} (id int PRIMARY KEY, "select" int);`);
    const engine = database.engineFor(undefined, ['public', 'My "Shop"']);
    const { capturedTables } = await engine.install();
    const tag = newTag();
    await database.branch(
      tag,
      `INSERT INTO "My ""Shop"""."Order's $dtx$ Table" VALUES (1, 'x', 2)`,
      `UPDATE "My ""Shop"""."Order's $dtx$ Table" SET "Id" = 3`,
      `INSERT INTO ${long} VALUES (1, 2)`,
    );

    expect(capturedTables).toEqual([
      `"My ""Shop"""."Order's $dtx$ Table"`,
      'public.account',
      `public.${long}`,
    ]);
    await expect(engine.rollbackBranches([tag])).resolves.toEqual([DONE]);
    await expect(database.sql(`SELECT FROM ${long}`)).resolves.toEqual([]);
  });

  it('is removed by one command', async () => {
    await database.sql('DROP SCHEMA dtx CASCADE');

    await expect(database.sql('SELECT FROM pg_trigger')).resolves.toEqual([]);
    await database.sql('UPDATE account SET balance = 1');
  });

  describe('of a table without a primary key', () => {
    it('warns, and tells what to do', async () => {
      const { warnings } = await database.engine.install();

      expect(warnings).toEqual([
        expect.stringMatching(/^Writes are refused: public\.journal has no primary key.*Add one/),
      ]);
    });

    it.each(["INSERT INTO journal VALUES ('x')", 'DELETE FROM journal', 'TRUNCATE journal'])(
      'refuses %s inside a branch only',
      async (statement) => {
        await database.sql("INSERT INTO journal VALUES ('a')");

        const error: unknown = await database
          .branch(newTag(), statement)
          .catch((reason: unknown) => reason);

        expect(database.engine.explain(error)).toMatchObject({
          kind: 'refused',
          reason: expect.stringContaining('public.journal'),
        });
        await expect(database.rows('journal')).resolves.toEqual(['(a)']);
      },
    );

    it('captures it once it has one, and refuses again when it has none', async () => {
      await database.sql('ALTER TABLE journal ADD PRIMARY KEY (line)');
      const { capturedTables } = await database.engine.install();
      await database.branch(newTag(), "INSERT INTO journal VALUES ('x')");

      expect(capturedTables).toContain('public.journal');
      await database.sql('ALTER TABLE journal DROP CONSTRAINT journal_pkey');
      await database.engine.install();
      const write = database.branch(newTag(), "INSERT INTO journal VALUES ('y')");
      await expect(write).rejects.toThrow(/has no primary key/);
    });

    it('refuses it also behind a table that it inherits from', async () => {
      await database.sql(
        'CREATE TABLE child () INHERITS (account); INSERT INTO child VALUES (9, 9)',
      );
      await database.engine.install();

      const write = database.branch(newTag(), 'UPDATE account SET balance = 0');

      await expect(write).rejects.toThrow(/public\.child has no primary key/);
    });
  });

  it('refuses writes to a foreign table inside a branch', async () => {
    await database.sql(`
      CREATE EXTENSION file_fdw;
      CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
      CREATE FOREIGN TABLE remote (line text) SERVER files OPTIONS (program 'echo x');`);

    const { warnings } = await database.engine.install();

    expect(warnings).toContainEqual(
      expect.stringContaining('public.remote is a foreign table: its rows are in another database'),
    );
    const triggers = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'remote'::regclass";
    await expect(database.sql(triggers)).resolves.toEqual([{ tgname: '!dtx_refuse' }]);
  });

  it('refuses TRUNCATE of a partition too', async () => {
    await database.sql(`
      CREATE TABLE event (id int PRIMARY KEY) PARTITION BY RANGE (id);
      CREATE TABLE event_1 PARTITION OF event DEFAULT;`);
    const { capturedTables } = await database.engine.install();

    const write = database.branch(newTag(), 'TRUNCATE event_1');

    expect(capturedTables).toEqual(['public.account', 'public.event']);
    await expect(write).rejects.toThrow(/TRUNCATE of public\.event_1 cannot be undone/);
  });

  it('captures a partition that is attached later', async () => {
    await database.sql('CREATE TABLE event (id int PRIMARY KEY, n int) PARTITION BY RANGE (id)');
    await database.engine.install();
    await database.sql('CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (9)');
    const tag = newTag();
    await database.branch(tag, 'INSERT INTO event VALUES (1, 1)');

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('event')).resolves.toEqual([]);
  });

  it('warns of cascades that leave the schemas', async () => {
    await database.sql(`CREATE TABLE shop.label (id int PRIMARY KEY,
      account int REFERENCES account ON DELETE CASCADE)`);

    const { warnings } = await database.engine.install();

    expect(warnings).toContainEqual(
      expect.stringContaining('A foreign key of shop.label cascades from public.account'),
    );
  });

  it('warns of values that can be equal with different texts, and cannot be hashed', async () => {
    await database.sql('CREATE TABLE term (id tsvector PRIMARY KEY, length interval UNIQUE)');

    const { warnings } = await database.engine.install();

    expect(warnings.filter((text) => text.includes('spellings'))).toEqual([
      expect.stringContaining('The index "term_pkey" of public.term may take values for equal'),
    ]);
  });

  it('warns of unique indexes and foreign keys that only a partition has', async () => {
    await database.sql(`
      CREATE TABLE event (id int PRIMARY KEY, n int, account int) PARTITION BY RANGE (id);
      CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (9);
      CREATE TABLE event_2 PARTITION OF event FOR VALUES FROM (9) TO (19);
      ALTER TABLE event_1 ADD UNIQUE (n), ADD FOREIGN KEY (account) REFERENCES account`);

    const { warnings } = await database.engine.install();

    expect(warnings.filter((text) => text.includes('event'))).toEqual([
      expect.stringContaining(
        'public.event_1 has unique indexes or foreign keys of its own ("event_1_n_key", ' +
          '"event_1_account_fkey")',
      ),
    ]);
  });

  it('follows an index that comes and one that goes', async () => {
    const locksOfAChange = async (): Promise<number> => {
      await database.reset('UPDATE account SET balance = 100');
      await database.branch(newTag(), 'UPDATE account SET balance = 0');
      const rows = await database.sql('SELECT FROM dtx.undo_row');
      return rows.length;
    };
    await database.sql('CREATE UNIQUE INDEX account_balance ON account (balance)');
    await database.engine.install();

    await expect(locksOfAChange()).resolves.toBe(3);
    await database.sql('DROP INDEX account_balance');
    await database.engine.install();
    await expect(locksOfAChange()).resolves.toBe(1);
  });
});
