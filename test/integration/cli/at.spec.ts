import type pg from 'pg';

import type { TestDatabase } from '../../servers/test-database.js';
import { createTestDatabase } from '../../servers/test-database.js';
import { cli, widestLine } from './at-cli.js';

const TABLES = `
  CREATE TABLE account (id int PRIMARY KEY, balance int);
  CREATE TABLE journal (line text)`;

describe('nestjs-dtx at', () => {
  let database: TestDatabase;
  let plain: pg.Pool;
  let env: Readonly<Record<string, string>>;

  beforeEach(async () => {
    database = await createTestDatabase();
    plain = database.pool();
    await plain.query(TABLES);
    env = { DATABASE_URL: database.url };
  });

  afterEach(() => database.drop());

  it('sets a database up, and says what it has not covered', async () => {
    const { err, exitCode, out } = await cli(['at', 'install'], env);

    expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
    expect(out).toMatch(
      / is set up: 1 table captured\.\n {2}public\.account\n\n! Writes are refus/,
    );
    expect(widestLine(out)).toBeLessThanOrEqual(100);
  });

  it('prints SQL that does the same', async () => {
    const { out } = await cli(['at', 'print'], env);
    await plain.query(out.replace(/^\\.*$/m, ''));
    const status = await cli(['at', 'status'], env);
    const again = await cli(['at', 'print'], env);

    expect(out).toMatch(/^-- nestjs-dtx: AT in .*\n-- For psql.*\n\\set ON_ERROR_STOP on\nBEGIN;/);
    expect(status).toMatchObject({ exitCode: 0, err: '' });
    expect(status.out).toMatch(/ {2}public\.account +captured\n {2}public\.journal +refused\n/);
    expect(again.out).toContain('-- Nothing is missing.');
  });

  it('ends with status 1 when something is missing or stale, with the command', async () => {
    await cli(['at', 'install'], env);
    await plain.query(
      'ALTER TABLE account ADD COLUMN note text; CREATE TABLE late (id int PRIMARY KEY)',
    );

    const { exitCode, out } = await cli(['at', 'status', '--schema', 'public'], env);

    expect(exitCode).toBe(1);
    expect(out).toContain(': 1 stale, 1 refused, 1 missing\n');
    expect(out).toContain('  npx nestjs-dtx at install --schema public\n');
    expect(widestLine(out)).toBeLessThanOrEqual(100);
  });

  it('prints the status as JSON', async () => {
    const { exitCode, out } = await cli(['at', 'status', '--json'], env);

    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      isCurrent: false,
      tables: [{ table: 'public.account', state: 'missing' }, { table: 'public.journal' }],
    });
  });

  it('removes everything', async () => {
    await cli(['at', 'install'], env);

    const { exitCode, out } = await cli(['at', 'uninstall'], env);

    expect(exitCode).toBe(0);
    expect(out).toContain('Nothing of ours is left');
    const { rows } = await plain.query('SELECT FROM pg_trigger');
    expect(rows).toEqual([]);
  });

  it.each([['locks'], ['undo', 'show', 'x'], ['undo', 'keep-current', 'x', '--yes']])(
    'is named by %s %s where nothing is installed',
    async (...args) => {
      const { err, exitCode } = await cli(args, env);

      expect(exitCode).toBe(1);
      expect(err).toMatch(/has no schema dtx.*set it up: npx nestjs-dtx at install/);
    },
  );

  it('names the schema that is not there', async () => {
    const { err, exitCode } = await cli(['at', 'install', '--schema', 'nowhere'], env);

    expect(exitCode).toBe(1);
    expect(err).toContain('schema "nowhere"');
  });
});

describe('nestjs-dtx at a database of an application', () => {
  const commands = [['at', 'status'], ['undo', 'show', 'x'], ['locks']];

  it.each(
    commands.flatMap((args) => [
      [args, 'postgres://me:s3cr3t@127.0.0.1:1/db'],
      [args, 'postgres://me:s3cr3t@nowhere.invalid/db'],
    ]),
  )('says that it cannot be reached, without the password: %j %s', async (args, url) => {
    const { err, exitCode, out } = await cli([...args, '--database', url]);

    expect(exitCode).toBe(1);
    expect(err).toMatch(/^postgres:\/\/[^@]* cannot be reached: .*Check that its server runs/);
    expect(out + err).not.toContain('s3cr3t');
  });

  it.each([
    [['at'], 'Say what to do: install, print, status, uninstall.'],
    [['at', 'mend'], 'What is "at mend"?'],
    [['at', 'status', 'now'], 'What is "now"?'],
    [['undo'], 'Say what to do: show, keep-current, force-before, retry.'],
    [['undo', 'show'], 'Name the transaction by its XID.'],
    [['undo', 'drop', 'x'], 'What is "undo drop"?'],
    [['undo', 'show', 'x', 'y'], 'What is "y"?'],
    [['undo', 'show', 'no xid'], '"no xid" is not an xid'],
    [['undo', 'show', 'x', '--limit', '0'], '--limit is a whole number from 1 to 10000.'],
    [['undo', 'show', 'x'], 'Name the database: --database URL, or the variable DATABASE_URL.'],
    [['locks', 'x'], 'What is "x"?'],
    [['locks', '--xid', 'no xid'], '"no xid" is not an xid'],
    [['locks', '--database', 'redis://me:s3cr3t@h/0'], 'Its URL begins with postgres://'],
    [['locks', '--database', 'shop'], '--database is "…".'],
    [['locks', '--database', 'postgres://me:s3/cr3t@h/db'], '--database is "postgres://…"'],
    [['at', 'status', '--all'], "Unknown option '--all'"],
  ])('ends with status 2 after %j', async (args, message) => {
    const { err, exitCode, out } = await cli(args);

    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(message);
    expect(err).not.toMatch(/s3cr3t|cr3t@/);
  });

  it.each(['at', 'undo', 'locks'])('shows the help of %s in 90 columns', async (command) => {
    const { exitCode, out } = await cli([command, '--help']);

    expect(exitCode).toBe(0);
    expect(out).toContain(`Usage: nestjs-dtx ${command} `);
    expect(widestLine(out)).toBeLessThanOrEqual(90);
  });
});
