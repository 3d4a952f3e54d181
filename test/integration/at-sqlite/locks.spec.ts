import type { AtFile } from './at-file.js';
import { DONE, GUARDED, createAtFile, newTag, reasonOf } from './at-file.js';

const SETUP = `
  CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT UNIQUE COLLATE NOCASE, balance INT);
  INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100), (3, NULL, 0);
  CREATE TABLE seat (id INTEGER PRIMARY KEY, place INT, free INT);
  CREATE UNIQUE INDEX taken ON seat (place) WHERE free = 0;
  INSERT INTO seat VALUES (1, 10, 0), (2, 10, 1);
  CREATE TABLE author (id INTEGER PRIMARY KEY, email TEXT UNIQUE);
  CREATE TABLE book (id INTEGER PRIMARY KEY, author INT REFERENCES author);
  INSERT INTO author VALUES (1, 'a@x'), (2, 'b@x');
  INSERT INTO book VALUES (1, 1);
  CREATE TABLE note (id INTEGER PRIMARY KEY, author TEXT REFERENCES author);
  INSERT INTO author VALUES (3, 'note@x');
  INSERT INTO note VALUES (1, '3');
  CREATE TABLE name (name TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n INT);
  INSERT INTO name VALUES ('Ada', 1);
  CREATE TABLE keyless (n INT);
  CREATE TABLE nullable (k TEXT PRIMARY KEY, n INT);
  INSERT INTO nullable VALUES (NULL, 1), ('a', 2);
  CREATE VIRTUAL TABLE found USING fts5 (text);
`;

/** What one transaction does, what another one must not do meanwhile, and which lock it meets. */
const CONFLICTS: readonly (readonly [
  title: string,
  first: string,
  second: string,
  table: string,
  key: string,
])[] = [
  [
    'a row',
    'UPDATE account SET balance = 1 WHERE id = 1',
    'DELETE FROM account WHERE id = 1',
    'account',
    '1',
  ],
  [
    'a key under another spelling',
    "DELETE FROM name WHERE name = 'ada'",
    "INSERT INTO name VALUES ('ADA', 2)",
    'name',
    "'ada'",
  ],
  [
    'a unique value that was given up',
    'DELETE FROM account WHERE id = 1',
    "INSERT INTO account VALUES (9, 'ANN', 0)",
    'account (unique owner)',
    "'ann'",
  ],
  [
    'a unique value that was changed away',
    "UPDATE account SET owner = 'x' WHERE id = 1",
    "UPDATE account SET owner = 'ann' WHERE id = 2",
    'account (unique owner)',
    "'ann'",
  ],
  [
    'a value of a partial index',
    'UPDATE seat SET free = 1 WHERE id = 1',
    'UPDATE seat SET free = 0 WHERE id = 2',
    'seat (taken)',
    '10',
  ],
  [
    'a parent that may be taken back',
    "INSERT INTO author VALUES (9, 'c@x')",
    'INSERT INTO book VALUES (9, 9)',
    'author',
    '9',
  ],
  [
    'a parent whose child may come back',
    'DELETE FROM book WHERE id = 1',
    'DELETE FROM author WHERE id = 1',
    'book (foreign key author)',
    '1<1',
  ],
  [
    'a parent whose child of another type may come back',
    'DELETE FROM note WHERE id = 1',
    'DELETE FROM author WHERE id = 3',
    'note (foreign key author)',
    '3<1',
  ],
  [
    'a row that REPLACE would remove',
    'UPDATE account SET balance = 1 WHERE id = 1',
    "INSERT OR REPLACE INTO account VALUES (9, 'ann', 5)",
    'account',
    '1',
  ],
  [
    'a row, though the statement ignores conflicts',
    'UPDATE account SET balance = 1 WHERE id = 1',
    'UPDATE OR IGNORE account SET balance = 2 WHERE id = 1',
    'account',
    '1',
  ],
];

describe('global locks on SQLite', () => {
  let file: AtFile;

  beforeEach(async () => {
    file = await createAtFile(SETUP);
  });
  afterEach(() => {
    file.drop();
  });

  const failureOf = (work: () => void): unknown => {
    try {
      work();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each(CONFLICTS)('stop another at %s', (_title, first, second, table, key) => {
    const holder = newTag();
    file.branch(holder, first);

    const error = failureOf(() => {
      file.branch(newTag(), second);
    });

    expect(file.engine.explain(error)).toEqual({
      kind: 'lock-conflict',
      conflict: { table, key, holderXid: holder.xid },
    });
  });

  it.each(CONFLICTS)('let the same transaction pass at %s', async (_title, first, second) => {
    const tables = ['account', 'seat', 'author', 'book', 'name'];
    const before = file.rows(...tables);
    const one = newTag();
    const two = newTag(one.xid);

    file.branch(one, first);
    file.branch(two, second);

    expect(await file.rollback(two)).toEqual(DONE);
    expect(await file.rollback(one)).toEqual(DONE);
    expect(file.rows(...tables)).toEqual(before);
    expect(file.held()).toEqual([]);
  });

  it.each(CONFLICTS.slice(0, 4))('stop guarded work at %s', (_title, first, second) => {
    file.branch(newTag(), first);
    const held = file.held();

    const error = failureOf(() => {
      file.branch(GUARDED, second);
    });

    expect(error).toMatchObject({ code: 'SE001' });
    expect(file.held()).toEqual(held);
  });

  it('let guarded work write what nobody holds, without undo rows', () => {
    file.branch(GUARDED, 'UPDATE account SET balance = 5 WHERE id = 2');

    expect(file.held()).toEqual([]);
    expect(file.rows('account').join()).toContain('5');
  });

  it('do not lock NULL in a unique column', () => {
    file.branch(newTag(), 'UPDATE account SET owner = NULL WHERE id = 1');

    file.branch(newTag(), 'UPDATE account SET owner = NULL WHERE id = 2');

    expect(file.held()).toContain('account 2');
  });

  it('undo the statement that meets a conflict, and nothing else', () => {
    file.branch(newTag(), 'UPDATE account SET balance = 1 WHERE id = 2');
    file.begin(newTag());
    file.write('UPDATE account SET balance = 7 WHERE id = 1');

    expect(() => file.write('UPDATE account SET balance = 8')).toThrow(/is held/);

    expect(file.database.inTransaction).toBe(true);
    expect(file.rows('account').filter((row) => row.includes(' 8 '))).toEqual([]);
    file.end('ROLLBACK');
  });

  it('are seen by another process that has the file open', async () => {
    const holder = newTag();
    file.branch(holder, 'UPDATE account SET balance = 1 WHERE id = 1');

    const found = file.outside.prepare('SELECT tbl, pk, xid FROM dtx_undo_row').all();

    expect(found).toEqual([{ tbl: 'account', pk: '1', xid: holder.xid }]);
  });

  it('are a reason to try again, not to lose anything, while another process writes', () => {
    file.database.pragma('busy_timeout = 0');
    file.outside.exec('BEGIN IMMEDIATE');

    const error = failureOf(() => {
      file.branch(newTag(), 'UPDATE account SET balance = 1 WHERE id = 1');
    });

    file.outside.exec('ROLLBACK');
    expect(file.engine.explain(error)).toMatchObject({
      kind: 'lock-conflict',
      conflict: { holderXid: 'unknown' },
    });
  });

  it.each([
    ['a table without a primary key', 'INSERT INTO keyless VALUES (1)', /has no primary key/],
    ['NULL in a primary key', 'UPDATE nullable SET n = 3', /NULL in its primary key/],
    ['a virtual table', "INSERT INTO found VALUES ('x')", /virtual table/],
  ])('are not needed where the write is refused: %s', (_title, statement, reason) => {
    const error = failureOf(() => {
      file.branch(newTag(), statement);
    });

    expect(file.engine.explain(error)).toMatchObject({ kind: 'refused' });
    expect((error as Error).message).toMatch(reason);
  });

  it('refuse a write into an attached file', () => {
    file.database.exec("ATTACH ':memory:' AS far; CREATE TABLE far.t (id INTEGER PRIMARY KEY)");

    expect(() => {
      file.branch(newTag(), 'INSERT INTO far.t VALUES (1)');
    }).toThrow(/attached file/);
  });

  it('leave a temporary table to its connection', () => {
    file.database.exec('CREATE TEMP TABLE scratch (id INTEGER PRIMARY KEY)');

    file.branch(newTag(), 'INSERT INTO scratch VALUES (1)');

    expect(file.held()).toEqual([]);
  });

  it('follow a change of the schema by another process', async () => {
    file.outside.exec("ALTER TABLE account ADD COLUMN note TEXT DEFAULT 'n'");
    const before = file.rows('account');
    const tag = newTag();

    file.branch(tag, "UPDATE account SET note = 'changed'");

    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.rows('account')).toEqual(before);
  });

  it('put nothing of ours on tables of the user', () => {
    const objects = file.outside
      .prepare(`SELECT type, name FROM sqlite_master WHERE name LIKE '%dtx%' ORDER BY name`)
      .all();

    expect(objects).toEqual([
      { type: 'table', name: 'dtx_branch_fence' },
      { type: 'table', name: 'dtx_schema_version' },
      { type: 'table', name: 'dtx_undo_row' },
      { type: 'index', name: 'dtx_undo_row_branch' },
      { type: 'index', name: 'sqlite_autoindex_dtx_undo_row_1' },
    ]);
  });
});

describe('the guard of a data source on SQLite', () => {
  it('refuses writers without a mark what is held, and only that', async () => {
    const file = await createAtFile(SETUP, { guard: true });
    const holder = newTag();
    file.branch(holder, 'UPDATE account SET balance = 1 WHERE id = 1');

    const write = (id: number): void => {
      file.database.exec(`UPDATE account SET balance = 9 WHERE id = ${String(id)}`);
    };

    expect(() => {
      write(1);
    }).toThrow(expect.objectContaining({ code: 'SE002' }) as Error);
    write(2);
    expect(await file.rollback(holder)).toEqual(DONE);
    write(1);
    expect(file.rows('account').filter((row) => row.includes(' 9 '))).toHaveLength(2);
    file.drop();
  });
});

describe('phase two on SQLite', () => {
  let file: AtFile;

  beforeEach(async () => {
    file = await createAtFile(SETUP);
  });
  afterEach(() => {
    file.drop();
  });

  it('leaves a row that an outsider has changed, and restores the others', async () => {
    const tag = newTag();
    file.branch(tag, 'UPDATE account SET balance = 1 WHERE id IN (1, 2)');
    file.outside.exec('UPDATE account SET balance = 77 WHERE id = 1');

    const outcome = await file.rollback(tag);

    expect(reasonOf(outcome)).toMatch(/account 1: the row was changed by a writer outside/);
    expect(file.outside.prepare('SELECT balance FROM account ORDER BY id').pluck().all()).toEqual([
      77, 100, 0,
    ]);
    expect(file.held()).toEqual(['account 1']);
  });

  it('does not delete rows of others by a cascade', async () => {
    file.database.exec(`CREATE TABLE p (id INTEGER PRIMARY KEY);
      CREATE TABLE c (id INTEGER PRIMARY KEY, p INT REFERENCES p ON DELETE CASCADE)`);
    const tag = newTag();
    file.branch(tag, 'INSERT INTO p VALUES (1)');
    file.outside.exec('INSERT INTO c VALUES (1, 1)');

    const outcome = await file.rollback(tag);

    expect(reasonOf(outcome)).toMatch(/p 1: rows of c .* refer to it by a foreign key/);
    expect(file.rows('c')).toHaveLength(1);
  });

  it('says which row a foreign key keeps from going', async () => {
    const tag = newTag();
    file.branch(tag, "INSERT INTO author VALUES (9, 'c@x'), (8, 'd@x')");
    file.outside.exec('INSERT INTO book VALUES (9, 9)');

    const outcome = await file.rollback(tag);

    expect(reasonOf(outcome)).toMatch(/author 9: a row that is not part of the transaction/);
    expect(file.held()).toContain('author 9');
    expect(file.held()).not.toContain('author 8');
  });

  it('forces the before image, or keeps the current one, when a person says so', async () => {
    const tag = newTag();
    file.branch(tag, 'UPDATE account SET balance = 1 WHERE id IN (1, 2)');
    file.outside.exec('UPDATE account SET balance = 77');
    await file.rollback(tag);
    const [row] = await file.engine.desk.rows({ xid: tag.xid, key: '1' }, 10);

    const forced = await file.engine.desk.order('force-before', { xid: tag.xid, key: '1' });
    const kept = await file.engine.desk.order('keep-current', { xid: tag.xid, key: '2' });

    expect(row).toMatchObject({
      state: 'dirty',
      before: { balance: '100', owner: 'ann' },
      after: { balance: '1' },
      current: { balance: '77' },
    });
    expect(forced).toEqual({ done: [{ table: 'account', key: '1' }], left: [] });
    expect(kept).toEqual({ done: [{ table: 'account', key: '2' }], left: [] });
    expect(file.outside.prepare('SELECT balance FROM account').pluck().all()).toEqual([
      100, 77, 77,
    ]);
    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.held()).toEqual([]);
  });

  it('takes no order about a branch that was not rolled back', async () => {
    const tag = newTag();
    file.branch(tag, 'UPDATE account SET balance = 1 WHERE id = 1');

    const report = await file.engine.desk.order('force-before', { xid: tag.xid });

    expect(report.left).toMatchObject([
      { key: '1', reason: expect.stringMatching(/^no rollback has left it/) },
    ]);
    expect(await file.engine.desk.locks({ xid: tag.xid }, 10)).toMatchObject([
      { table: 'account', key: '1', sinceMs: expect.any(Number) },
    ]);
  });

  it('comes first, and lets phase one never commit, whatever its conflict clause', async () => {
    const tag = newTag();
    expect(await file.rollback(tag)).toEqual(DONE);

    let error: unknown;
    try {
      file.branch(tag, "INSERT OR REPLACE INTO account VALUES (1, 'late', 0)");
    } catch (thrown) {
      error = thrown;
    }

    expect(file.engine.explain(error)).toEqual({ kind: 'fenced' });
    expect(file.held()).toEqual([]);
  });

  it('may be repeated', async () => {
    const tag = newTag();
    const before = file.rows('account');
    file.branch(tag, 'UPDATE account SET balance = 1');

    expect([await file.rollback(tag), await file.rollback(tag)]).toEqual([DONE, DONE]);
    expect(file.rows('account')).toEqual(before);
  });

  it('tells for ever whether a local commit has happened', async () => {
    const done = newTag();
    const never = newTag();
    file.branch(done, 'UPDATE account SET balance = 1 WHERE id = 1');

    expect(await file.engine.resolveLocalCommit(done)).toBe('committed');
    expect(await file.engine.resolveLocalCommit(never)).toBe('rolled-back');
    expect(() => {
      file.branch(never, 'UPDATE account SET balance = 2 WHERE id = 2');
    }).toThrow();
  });

  it('tries again later while another process has the file', async () => {
    const tag = newTag();
    file.branch(tag, 'UPDATE account SET balance = 1 WHERE id = 1');
    file.database.pragma('busy_timeout = 0');
    file.outside.exec('BEGIN IMMEDIATE');

    const outcome = await file.rollback(tag);

    file.outside.exec('ROLLBACK');
    expect(outcome).toMatchObject({ kind: 'retry' });
    expect(await file.rollback(tag)).toEqual(DONE);
  });

  it('purges fences of rollbacks, and keeps those that undo rows wait for', async () => {
    const left = newTag();
    file.branch(left, 'UPDATE account SET balance = 1 WHERE id = 1');
    file.outside.exec('UPDATE account SET balance = 77 WHERE id = 1');
    await file.rollback(left);
    await file.rollback(newTag());

    expect(await file.engine.purgeFences(-1)).toBe(1);
    expect(file.rows('dtx_branch_fence')).toHaveLength(1);
  });

  it('plans, installs and uninstalls', async () => {
    const tag = newTag();
    file.branch(tag, 'UPDATE account SET balance = 1 WHERE id = 1');
    await expect(file.engine.uninstall()).rejects.toThrow(/undo rows are left/);
    await file.rollback(tag);

    await file.engine.uninstall();
    const plan = await file.engine.plan();

    expect(plan.statements[0]).toMatch(/CREATE TABLE main.dtx_undo_row/);
    expect(plan.tables).toContainEqual({ table: 'account', state: 'missing' });
    await expect(file.engine.install('check')).rejects.toThrow(/tables are missing/);
    expect((await file.engine.install()).capturedTables).toContain('account');
  });
});
