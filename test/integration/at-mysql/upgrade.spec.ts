import type { BranchTag } from '../../../lib/resource/at/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag, reasonOf } from './at-database.js';

/** Tables as version 2 had them, with what is in them now. */
const AS_VERSION_2 = `
  CREATE TABLE dtx_branch_fence (
    xid varchar(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    branch bigint unsigned NOT NULL,
    state tinyint unsigned NOT NULL,
    changed_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    PRIMARY KEY (xid, branch)) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
  INSERT INTO dtx_branch_fence
    SELECT xid, branch, MAX(state), '2020-01-02 03:04:05' FROM dtx_undo_row GROUP BY xid, branch;
  DELETE FROM dtx_undo_row WHERE tbl = '';
  ALTER TABLE dtx_undo_row DROP KEY dtx_branch, ADD KEY dtx_branch (xid, branch);
  ALTER TABLE dtx_undo_row DROP COLUMN nth, DROP COLUMN state, DROP COLUMN written_at;
  DELETE FROM dtx_schema_version;
  INSERT INTO dtx_schema_version (version) VALUES (2);`;

/** What a trigger of version 2 did for an update, where nothing is in its way. */
const TRIGGER_OF_VERSION_2 = `
  CREATE TRIGGER dtx_au_old AFTER UPDATE ON account FOR EACH ROW BEGIN
    DECLARE is_there boolean DEFAULT FALSE;
    DECLARE CONTINUE HANDLER FOR 1062 SET is_there = TRUE;
    INSERT INTO dtx_branch_fence (xid, branch, state) VALUES (@dtx_tag, @dtx_branch, 1);
    INSERT INTO dtx_undo_row (tbl, pk, xid, branch, seq, shape, before_image, after_image)
    SELECT 'account', OLD.id, @dtx_tag, @dtx_branch, UUID_SHORT(), shape,
      CONCAT(OLD.id, ',', OLD.n), CONCAT(NEW.id, ',', NEW.n)
    FROM dtx_table_shape WHERE tbl = 'account';
  END`;

const VERSION = 'SELECT MAX(version) AS version FROM dtx_schema_version';

describeMariadb('Tables of version 2', () => {
  let database: AtDatabase;
  let held: BranchTag;
  let left: BranchTag;
  let buried: BranchTag;

  beforeEach(async () => {
    database = await createAtDatabase(`
      CREATE TABLE account (id int PRIMARY KEY, n int);
      INSERT INTO account VALUES (1, 100), (2, 200), (3, 300);`);
    [held, left, buried] = [newTag(), newTag(), newTag()];
    await database.branch(held, 'UPDATE account SET n = 1 WHERE id < 3');
    await database.branch(left, 'UPDATE account SET n = 3 WHERE id = 3');
    await database.sql('UPDATE account SET n = 33 WHERE id = 3');
    await database.rollback(left);
    await database.rollback(buried);
    await database.sql(AS_VERSION_2);
  });

  afterEach(async () => {
    await database.drop();
  });

  it.each([0, 3])('are refused by a check, also behind %i of the statements', async (count) => {
    const { statements } = await database.engine.plan();
    // Behind the settings, the columns and the version.
    for (const statement of statements.slice(0, count)) await database.sql(statement);

    const error = await failureOf(database.engine.install('check'));

    expect(String(error)).toMatch(/the tables dtx_\* are of an older version.*at install/s);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'are brought up to date with what they hold, also behind %i statements that were run before',
    async (count) => {
      const { statements } = await database.engine.plan();
      const connection = await database.connect();
      for (const statement of statements.slice(0, count)) await connection.query(statement);

      await database.engine.install();

      expect((await database.engine.plan()).statements).toEqual([]);
      await expect(database.sql("SHOW TABLES LIKE 'dtx_branch_fence'")).resolves.toEqual([]);
      const late = await failureOf(database.branch(buried, 'INSERT INTO account VALUES (4, 4)'));
      expect(database.engine.explain(late)).toEqual({ kind: 'fenced' });
      await expect(database.engine.resolveLocalCommit(held)).resolves.toBe('committed');
      await expect(database.rollback(held)).resolves.toEqual(DONE);
      expect(reasonOf(await database.rollback(left))).toContain('account 3: the row was changed');
      await expect(database.rows('account')).resolves.toEqual(['[1,100]', '[2,200]', '[3,33]']);
    },
  );

  it.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'lose nothing of an old process that writes behind %i of the statements',
    async (count) => {
      const { statements } = await database.engine.plan();
      for (const { Trigger: name } of await database.sql("SHOW TRIGGERS LIKE 'account'")) {
        await database.sql(`DROP TRIGGER ${String(name)}`);
      }
      await database.sql(TRIGGER_OF_VERSION_2);
      await database.sql('INSERT INTO account VALUES (5, 500), (6, 600)');
      for (const statement of statements.slice(0, count)) await database.sql(statement);
      const late = newTag();

      await failureOf(database.branch(late, 'UPDATE account SET n = n + 1 WHERE id > 4'));

      await database.engine.install();
      await expect(database.rollback(late)).resolves.toEqual(DONE);
      await expect(database.rows('account')).resolves.toEqual(
        expect.arrayContaining(['[5,500]', '[6,600]']),
      );
    },
  );

  it('need a user who may ALTER and DROP, or somebody else who does it', async () => {
    const user = `upgrader_${process.pid}`;
    const account = `${user}@'127.0.0.1'`;
    const rights = 'CREATE, SELECT, INSERT, UPDATE, DELETE, TRIGGER';
    await database.sql(`CREATE OR REPLACE USER ${account} IDENTIFIED BY 'few';
      GRANT ${rights} ON ${database.name}.* TO ${account}`);
    const engine = database.engineFor({ source: database.source({ user, password: 'few' }) });

    const refused = await failureOf(engine.install());
    const [version] = await database.sql(VERSION);
    await database.sql(`GRANT ALTER, DROP ON ${database.name}.* TO ${account}`);
    await engine.install();

    await database.sql(`DROP USER ${account}`);
    expect(version).toEqual({ version: 2 });
    expect(String(refused)).toMatch(/ALTER command denied.*ALTER and DROP, too/s);
    expect((await database.engine.plan()).statements).toEqual([]);
  });

  it('keep the time since when rows are left', async () => {
    await database.engine.install();

    const [lock] = await database.engine.desk.locks({ xid: left.xid }, 1);

    expect(lock).toMatchObject({ isLeft: true, sinceMs: Date.UTC(2020, 0, 2, 3, 4, 5) });
  });

  it('can be taken away when nothing is held', async () => {
    const refused = await failureOf(database.engine.uninstall());
    await database.sql('DELETE FROM dtx_undo_row');

    await database.engine.uninstall();

    expect(String(refused)).toContain('dtx_undo_row holds 3 rows');
    await expect(database.sql("SHOW TABLES LIKE 'dtx%'")).resolves.toEqual([]);
  });
});
