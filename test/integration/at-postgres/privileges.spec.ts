import type pg from 'pg';

import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, balance int);
  INSERT INTO account VALUES (1, 100);
  CREATE TABLE journal (line text);
`;

describe('A role with few rights', () => {
  let database: AtDatabase;

  beforeEach(async () => {
    database = await createAtDatabase(SETUP);
  });

  afterEach(async () => {
    await dropRole();
    await database.drop();
  });

  /** A role of this test, by which a pool can connect. */
  const createRole = async (grants: string): Promise<pg.PoolConfig> => {
    const name = `role_${new URL(database.url).pathname.slice(1)}`;
    await database.sql(`CREATE ROLE ${name} LOGIN PASSWORD 'x'; ${grants.replaceAll('$R', name)}`);
    const url = new URL(database.url);
    url.username = name;
    url.password = 'x';
    return { connectionString: url.href };
  };
  const dropRole = async (): Promise<void> => {
    const name = `role_${new URL(database.url).pathname.slice(1)}`;
    await database.sql(`DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`);
  };

  it('names the right that it lacks to make the schema, and the command', async () => {
    await database.sql('DROP SCHEMA dtx CASCADE');
    const config = await createRole('');

    await expect(database.engineFor(config).install()).rejects.toMatchObject({
      code: 'DTX_ERR_RM_AT_INSTALL',
      message: expect.stringMatching(/lacks CREATE on database .* CREATE SCHEMA dtx AUTHORIZATION/),
    });
  });

  it('names the rights that it lacks in a schema that is there, and the commands', async () => {
    const config = await createRole('');

    await expect(database.engineFor(config).install()).rejects.toMatchObject({
      code: 'DTX_ERR_RM_AT_INSTALL',
      message: expect.stringMatching(
        /GRANT USAGE ON SCHEMA dtx TO .*GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES/,
      ),
    });
  });

  it('names each table that it may not capture, and the command', async () => {
    await database.sql('DROP SCHEMA dtx CASCADE');
    const config = await createRole(
      `CREATE SCHEMA dtx AUTHORIZATION $R; GRANT SELECT, UPDATE ON account TO $R`,
    );

    const { capturedTables, warnings } = await database.engineFor(config).install();

    expect(capturedTables).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/^public\.account is not covered, .* lacks TRIGGER on it\. Run: GRANT/),
      expect.stringMatching(/^public\.journal is not covered/),
    ]);
  });

  it('names each table that it may not restore, and the command', async () => {
    await database.sql('DROP SCHEMA dtx CASCADE; DROP TABLE journal');
    const config = await createRole(
      `CREATE SCHEMA dtx AUTHORIZATION $R; GRANT SELECT, UPDATE, TRIGGER ON account TO $R`,
    );

    const { capturedTables, warnings } = await database.engineFor(config).install();

    expect(capturedTables).toEqual(['public.account']);
    expect(warnings).toEqual([
      expect.stringMatching(/lacks INSERT, DELETE on public\.account.*GRANT INSERT, DELETE ON/),
    ]);
  });

  it('is enough for a second role once the first one has done the work', async () => {
    const config = await createRole(`
      GRANT USAGE ON SCHEMA dtx TO $R;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dtx TO $R;
      GRANT SELECT, INSERT, UPDATE, DELETE ON account, journal TO $R`);
    const engine = database.engineFor(config);

    const { capturedTables } = await engine.install();

    expect(capturedTables).toEqual(['public.account']);
    const tag = newTag();
    const client = await database.connect(config);
    await client.query(`BEGIN; ${engine.tagStatement(tag)}`);
    await client.query('UPDATE account SET balance = 0');
    await client.query('COMMIT');
    await expect(engine.rollbackBranches([tag])).resolves.toEqual([DONE]);
    await expect(database.rows('account')).resolves.toEqual(['(1,100)']);
  });

  it('captures for a role without rights on undo rows, and lets it forge none', async () => {
    const config = await createRole(
      `GRANT SELECT, UPDATE ON account TO $R;
       GRANT CREATE ON SCHEMA public TO $R; GRANT USAGE ON SCHEMA dtx TO $R`,
    );
    const [fn] = await database.sql(
      `SELECT tgfoid::regproc::text AS name FROM pg_trigger WHERE tgname = '!dtx_capture'`,
    );
    const client = await database.connect(config);
    await client.query(`BEGIN; ${database.engine.tagStatement(newTag())}`);
    await client.query('UPDATE account SET balance = 0');
    await client.query('COMMIT');

    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toHaveLength(1);
    await expect(client.query('SELECT FROM dtx.undo_row')).rejects.toMatchObject({
      code: '42501',
    });
    await client.query('CREATE TABLE forged (id int PRIMARY KEY, balance int)');
    const forge = `CREATE TRIGGER t AFTER INSERT ON forged FOR EACH ROW
      EXECUTE FUNCTION ${String(fn?.['name'])}()`;
    await expect(client.query(forge)).rejects.toMatchObject({ code: '42501' });
  });

  it('leaves rows that the role of the rollback may not write, with the reason', async () => {
    const config = await createRole(`
      GRANT USAGE ON SCHEMA dtx TO $R;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dtx TO $R;
      GRANT SELECT, INSERT ON account TO $R`);
    const tag = newTag();
    await database.branch(tag, 'INSERT INTO account VALUES (2, 2)');

    const outcomes = await database.engineFor(config).rollbackBranches([tag]);

    expect(outcomes).toEqual([
      { kind: 'cannot', error: expect.stringMatching(/public\.account 2: .*lacks a privilege/) },
    ]);
  });

  it('lets a rollback pass whose triggers write where the role may not look', async () => {
    await database.sql(`
      CREATE TABLE secret (id int PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, line text);
      CREATE TABLE tally (id int PRIMARY KEY, n int);
      INSERT INTO tally VALUES (1, 0);
      CREATE FUNCTION note_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
      BEGIN
        INSERT INTO secret (line) VALUES ('account ' || NEW.id);
        UPDATE tally SET n = n + 1;
        RETURN NULL;
      END $$;
      CREATE TRIGGER note_account AFTER INSERT ON account FOR EACH ROW
        EXECUTE FUNCTION note_account()`);
    await database.engine.install();
    const config = await createRole(
      `GRANT USAGE ON SCHEMA dtx TO $R;
       GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dtx TO $R;
       GRANT SELECT, INSERT, UPDATE, DELETE ON account, tally TO $R`,
    );
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM account');

    const outcomes = await database.engineFor(config).rollbackBranches([tag]);

    expect(outcomes).toEqual([DONE]);
    await expect(database.rows('account', 'tally')).resolves.toEqual(['(1,100)', '(1,0)']);
    await expect(database.sql('SELECT line FROM secret')).resolves.toHaveLength(1);
    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toEqual([]);
  });

  it('does not take rows for gone that a policy hides from the role', async () => {
    const config = await createRole(`
      GRANT USAGE ON SCHEMA dtx TO $R;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dtx TO $R;
      GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER ON account TO $R;
      ALTER TABLE account ENABLE ROW LEVEL SECURITY`);
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 5');
    const engine = database.engineFor(config);

    const { warnings } = await engine.install();

    expect(warnings).toContainEqual(
      expect.stringContaining('Row-level security of public.account'),
    );
    await expect(engine.rollbackBranches([tag])).resolves.toEqual([
      { kind: 'cannot', error: expect.stringContaining('row-level security hides rows') },
    ]);
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
  });
});
