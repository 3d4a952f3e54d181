import { rm } from 'node:fs/promises';

import { createPool } from 'mysql2/promise';

import { AtInstallError, SchemaTooNewError } from '../../../lib/protocol/index.js';
import type { SqlSource } from '../../../lib/resource/at/index.js';
import { createMysqlEngine } from '../../../lib/resource/at/mysql/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import { startMariadb } from '../../../tools/mariadb/index.js';
import type { AtDatabase } from './at-database.js';
import { createAtDatabase, failureOf, newTag, sourceOf } from './at-database.js';

describeMariadb('The installation', () => {
  let database: AtDatabase;

  beforeEach(async () => {
    database = await createAtDatabase(`
      CREATE TABLE account (id int PRIMARY KEY, n int);
      CREATE TABLE heap (n int);
      CREATE TABLE old (id int PRIMARY KEY) ENGINE = Aria;`);
  });

  afterEach(async () => {
    await database.drop();
  });

  const states = async (): Promise<readonly string[]> =>
    (await database.engine.plan()).tables.map(({ state, table }) => `${table} ${state}`);

  it('says what is captured, and why the rest is not', async () => {
    const report = await database.engine.install();

    expect(report.capturedTables).toEqual(['account']);
    expect(report.warnings).toEqual([
      expect.stringContaining('heap has no primary key'),
      expect.stringContaining('old is not an InnoDB table'),
    ]);
  });

  it('has nothing to do twice, and then the check passes', async () => {
    const { statements } = await database.engine.plan();

    expect(statements).toEqual([]);
    await expect(database.engine.install('check')).resolves.toMatchObject({
      capturedTables: ['account'],
    });
  });

  it.each([
    ['ALTER TABLE account ADD COLUMN more int', 'stale'],
    ['ALTER TABLE account ADD UNIQUE KEY by_n (n)', 'stale'],
    [
      'CREATE TABLE line (id int PRIMARY KEY); ' +
        'ALTER TABLE account ADD FOREIGN KEY (n) REFERENCES line (id)',
      'stale',
    ],
    ['DROP TABLE account; CREATE TABLE account (id int PRIMARY KEY, n int)', 'missing'],
    ['DROP TRIGGER triggerName', 'stale'],
  ])('notices %s and mends it', async (change, state) => {
    const [trigger] = await database.sql("SHOW TRIGGERS LIKE 'account'");
    await database.sql(change.replace('triggerName', String(trigger!['Trigger'])));

    await expect(states()).resolves.toContain(`account ${state}`);
    const error = await failureOf(database.engine.install('check'));
    expect(error).toBeInstanceOf(AtInstallError);
    expect((error as Error).message).toContain('npx nestjs-dtx at install');
    await database.engine.install('mend');
    await expect(states()).resolves.toContain('account captured');
  });

  it('refuses writes that a dropped column has made impossible to capture', async () => {
    await database.sql('ALTER TABLE account DROP COLUMN n');

    const error = await failureOf(database.branch(newTag(), 'INSERT INTO account (id) VALUES (1)'));

    expect(database.engine.explain(error)).toMatchObject({ kind: 'refused' });
    expect(database.engine.explain(error)).toHaveProperty(
      'reason',
      expect.stringContaining('at install'),
    );
  });

  it('may run in several processes at once', async () => {
    await database.sql('CREATE TABLE more (id int PRIMARY KEY)');
    const engines = [1, 2, 3].map(() => database.engineFor());

    const reports = await Promise.all(engines.map((engine) => engine.install()));

    const tables = reports.map(({ capturedTables }) => capturedTables);
    expect(tables).toEqual([1, 2, 3].map(() => ['account', 'more']));
  });

  it('can be run by hand from its plan', async () => {
    await database.sql('CREATE TABLE more (id int PRIMARY KEY)');
    const { statements } = await database.engine.plan();
    const connection = await database.connect("sql_mode = 'ANSI_QUOTES'");
    for (const statement of statements) await connection.query(statement);

    await expect(states()).resolves.toContain('more captured');
  });

  it('is taken away when nothing is held', async () => {
    await database.sql('INSERT INTO account VALUES (1, 1)');
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET n = 2');

    const error = await failureOf(database.engine.uninstall());
    await database.commit(tag);
    await database.engine.uninstall();

    expect(error).toBeInstanceOf(AtInstallError);
    await expect(database.sql('SHOW TRIGGERS')).resolves.toEqual([]);
    await expect(database.sql("SHOW TABLES LIKE 'dtx%'")).resolves.toEqual([]);
    await expect(states()).resolves.toContain('account missing');
  });

  it('raises an older version before it touches triggers', async () => {
    await database.sql('UPDATE dtx_schema_version SET version = 1');
    await database.sql('CREATE TABLE more (id int PRIMARY KEY)');

    const { statements } = await database.engine.plan();
    const refused = await failureOf(database.engine.install('check'));
    await database.engine.install();

    const isRaise = (text: string): boolean => text.includes('INTO dtx_schema_version');
    const isTrigger = (text: string): boolean => text.includes(' TRIGGER ');
    const raisedAt = statements.findIndex(isRaise);
    expect(raisedAt).toBeGreaterThan(-1);
    expect(statements.findIndex(isTrigger)).toBeGreaterThan(raisedAt);
    expect(String(refused)).toContain('the tables dtx_* are of an older version');
    await expect(database.sql('SELECT MAX(version) AS n FROM dtx_schema_version')).resolves.toEqual(
      [{ n: 3 }],
    );
  });

  it('refuses tables of a newer version, and another database', async () => {
    const foreign = database.engineFor({ schemas: ['elsewhere'] });
    await expect(foreign.install()).rejects.toThrow('`elsewhere`');

    await database.sql('INSERT INTO dtx_schema_version (version) VALUES (99)');
    await expect(database.engine.install()).rejects.toBeInstanceOf(SchemaTooNewError);
  });

  describe('for a user of few rights', () => {
    const user = `few_${process.pid}`;
    let few: SqlSource;

    beforeEach(async () => {
      await database.sql(`CREATE OR REPLACE USER ${user}@'127.0.0.1' IDENTIFIED BY 'few';
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${database.name}.* TO ${user}@'127.0.0.1'`);
      few = database.source({ user, password: 'few' });
    });

    afterEach(async () => {
      await database.sql(`DROP USER ${user}@'127.0.0.1'`);
    });

    it('checks what an administrator has installed, and says that it cannot see it', async () => {
      const { capturedTables, warnings } = await database
        .engineFor({ source: few })
        .install('check');

      expect(capturedTables).toEqual(['account']);
      expect(warnings[0]).toContain('may not see triggers');
    });

    it('names the privilege that is missing', async () => {
      await database.sql('CREATE TABLE more (id int PRIMARY KEY)');

      const error = await failureOf(database.engineFor({ source: few }).install());

      expect(error).toBeInstanceOf(AtInstallError);
      expect((error as Error).message).toMatch(/TRIGGER command denied.*Have an administrator/s);
    });
  });
});

describeMariadb('With a binary log', () => {
  it('explains why triggers may not be created, and the two ways out', async () => {
    const dataDir = `.cache/test-binlog-${process.pid}`;
    const server = await startMariadb({ dataDir, durable: false, settings: ['--log-bin=b'] });
    if (server === undefined) throw new Error('no server');
    const root = createPool({ uri: server.url(), multipleStatements: true });
    await root.query(`CREATE DATABASE shop; CREATE TABLE shop.account (id int PRIMARY KEY);
      CREATE USER app@'127.0.0.1' IDENTIFIED BY 'app'; GRANT ALL ON shop.* TO app@'127.0.0.1'`);
    const app = createPool({
      host: '127.0.0.1',
      port: server.port,
      user: 'app',
      password: 'app',
      database: 'shop',
    });
    try {
      const engine = createMysqlEngine({ source: sourceOf(app), resourceId: 'shop' });

      const error = await failureOf(engine.install());

      expect(error).toBeInstanceOf(AtInstallError);
      expect((error as Error).message).toContain('log_bin_trust_function_creators = 1');
      expect((error as Error).message).toContain('npx nestjs-dtx at install');
      await root.query('SET GLOBAL log_bin_trust_function_creators = 1');
      await expect(engine.install()).resolves.toMatchObject({ capturedTables: ['account'] });
    } finally {
      await Promise.all([root.end(), app.end()]);
      await server.remove();
      await rm(dataDir, { recursive: true, force: true });
    }
  }, 60_000);
});
