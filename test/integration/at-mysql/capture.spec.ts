import { GUARDED } from '../../../lib/resource/at/index.js';
import { CLEAR_TAG } from '../../../lib/resource/at/mysql/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, FENCES, UNDO_ROWS, createAtDatabase, failureOf, newTag } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);
  CREATE TABLE counted (id int AUTO_INCREMENT PRIMARY KEY, n int);
  CREATE TABLE pair (a varchar(20), b varchar(20), n int, PRIMARY KEY (a, b));
  CREATE TABLE label (name varchar(200) PRIMARY KEY) CHARACTER SET utf8mb4
    COLLATE utf8mb4_unicode_ci;
  CREATE TABLE heap (n int);
  CREATE TABLE scan (id int PRIMARY KEY, front longblob, back longblob);
  CREATE TABLE owner (id int PRIMARY KEY, name varchar(20) UNIQUE) CHARACTER SET latin1;
  CREATE TABLE thing (id int PRIMARY KEY, owner int REFERENCES owner (id));
  CREATE PROCEDURE pay() UPDATE account SET balance = balance - 1 WHERE id = 1;
`;

const RESET = `
  DELETE FROM thing; DELETE FROM owner;
  DELETE FROM account; DELETE FROM pair; DELETE FROM label; DELETE FROM heap; DELETE FROM counted;
  INSERT INTO account VALUES (1, 100), (2, 200);
`;

const BAD_ID = expect.objectContaining({ code: 'DTX_ERR_BAD_BRANCH_ID' }) as Error;

describeMariadb('Capture', () => {
  let database: AtDatabase;

  const undoRows = (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    database.sql(`SELECT tbl, pk, xid, CAST(branch AS CHAR) AS branchId, before_image, after_image
      FROM ${UNDO_ROWS} ORDER BY seq`);
  const fences = (): Promise<readonly Readonly<Record<string, unknown>>[]> =>
    database.sql(`SELECT xid, CAST(branch AS CHAR) AS branchId, state FROM ${FENCES}`);

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it('writes nothing outside of a branch', async () => {
    await database.sql('UPDATE account SET balance = 0');

    await expect(undoRows()).resolves.toEqual([]);
    await expect(fences()).resolves.toEqual([]);
  });

  it('writes nothing for a branch that only reads', async () => {
    await database.branch(newTag(), 'SELECT * FROM account', 'DELETE FROM account WHERE id = 9');

    await expect(fences()).resolves.toEqual([]);
  });

  it('keeps one undo row per row and one fence row per branch', async () => {
    const tag = newTag();
    await database.branch(
      tag,
      'UPDATE account SET balance = balance + 1',
      'INSERT INTO account VALUES (3, 300)',
      'UPDATE account SET balance = 0 WHERE id = 1',
    );

    await expect(undoRows()).resolves.toEqual([
      { tbl: 'account', pk: '1', ...tag, before_image: '1,100', after_image: '1,0' },
      { tbl: 'account', pk: '2', ...tag, before_image: '2,200', after_image: '2,201' },
      { tbl: 'account', pk: '3', ...tag, before_image: null, after_image: '3,300' },
    ]);
    await expect(fences()).resolves.toEqual([{ ...tag, state: 1 }]);
  });

  it('commits with the business change or not at all', async () => {
    const connection = await database.begin(newTag());
    await connection.query('UPDATE account SET balance = 0');
    await connection.query('ROLLBACK');

    await expect(undoRows()).resolves.toEqual([]);
    await expect(fences()).resolves.toEqual([]);
  });

  it('gives way with a savepoint, fence row included, and comes back behind it', async () => {
    const tag = newTag();
    await database.branch(
      tag,
      'SAVEPOINT a',
      'UPDATE account SET balance = 0 WHERE id = 1',
      'ROLLBACK TO a',
      'UPDATE account SET balance = 0 WHERE id = 2',
      'SAVEPOINT b',
      'UPDATE account SET balance = 5 WHERE id = 2',
      'DELETE FROM account WHERE id = 1',
      'ROLLBACK TO b',
    );

    await expect(fences()).resolves.toEqual([{ ...tag, state: 1 }]);
    await expect(undoRows()).resolves.toMatchObject([
      { pk: '2', before_image: '2,200', after_image: '2,0' },
    ]);
  });

  it('knows the branch whatever character set and collation the session changes to', async () => {
    const tags = [newTag(), newTag(), newTag(), newTag()];
    const names = [
      'utf8mb4 COLLATE utf8mb4_unicode_ci',
      'utf8mb4 COLLATE utf8mb4_general_ci',
      'latin1 COLLATE latin1_german2_ci',
      'latin1 COLLATE latin1_swedish_ci',
    ];
    const connection = await database.connect();
    for (const [index, tag] of tags.entries()) {
      const id = String(index + 10);
      await connection.query(`SET NAMES ${names[index] ?? ''}`);
      await connection.query(`${database.engine.tagStatement(tag)}, autocommit = 0`);
      await connection.query(`INSERT INTO owner VALUES (${id}, 'o${id}')`);
      await connection.query(`INSERT INTO thing VALUES (${id}, ${id})`);
      await connection.query(`UPDATE owner SET name = 'p${id}' WHERE id = ${id}`);
      await connection.query(`DELETE FROM thing WHERE id = ${id}`);
      await connection.query(`SET ${CLEAR_TAG}, autocommit = 1`);
    }

    const written = await fences();
    expect(written).toHaveLength(tags.length);
    expect(written).toEqual(expect.arrayContaining(tags.map((tag) => ({ ...tag, state: 1 }))));
    for (const tag of tags) await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('owner', 'thing')).resolves.toEqual([]);
  });

  it('leaves the id of an inserted row and the count of rows as they were', async () => {
    const connection = await database.begin(newTag());
    const [inserted] = await connection.query('INSERT INTO counted (n) VALUES (1), (2)');
    const [updated] = await connection.query('UPDATE account SET balance = 1');

    const [[first]] = await connection.query<never[]>('SELECT MIN(id) AS id FROM counted');
    expect(inserted).toMatchObject({ affectedRows: 2, insertId: first!['id'] });
    expect(updated).toMatchObject({ affectedRows: 2, changedRows: 2 });
    expect(updated).toHaveProperty('warningStatus', 0);
  });

  it('captures what a procedure writes', async () => {
    await database.branch(newTag(), 'CALL pay()');

    await expect(undoRows()).resolves.toMatchObject([{ before_image: '1,100' }]);
  });

  it('tells composite keys apart whose parts join to the same text', async () => {
    await database.branch(
      newTag(),
      "INSERT INTO pair VALUES ('a,b', 'c', 1)",
      "INSERT INTO pair VALUES ('a', 'b,c', 2)",
    );

    await expect(undoRows()).resolves.toHaveLength(2);
  });

  it('takes keys for one that the collation takes for one', async () => {
    const tag = newTag();
    await database.sql("INSERT INTO label VALUES ('w1')");
    await database.branch(
      tag,
      "DELETE FROM label WHERE name = 'w1'",
      "INSERT INTO label VALUES ('W1 ')",
    );

    await expect(undoRows()).resolves.toHaveLength(1);
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('label')).resolves.toEqual(['["w1"]']);
  });

  it('keeps a digest of a long key', async () => {
    const tag = newTag();
    await database.branch(tag, `INSERT INTO label VALUES ('${'x'.repeat(200)}')`);

    await expect(undoRows()).resolves.toMatchObject([
      { pk: expect.stringMatching(/^#[0-9a-f]{64}$/) },
    ]);
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('label')).resolves.toEqual([]);
  });

  it('names table, key and holder of a row that is held', async () => {
    const holder = newTag();
    await database.sql("INSERT INTO label VALUES ('Äpfel und Birnen')");
    await database.branch(holder, 'DELETE FROM label');

    const error = await failureOf(
      database.branch(newTag(), "INSERT INTO label VALUES ('Äpfel und Birnen')"),
    );

    expect(database.engine.explain(error)).toEqual({
      kind: 'lock-conflict',
      conflict: { table: 'label', key: 'Äpfel und Birnen', holderXid: holder.xid },
    });
  });

  it.each(['', ' IGNORE'])(
    'undoes the whole statement UPDATE%s that meets a conflict',
    async (ignore) => {
      await database.branch(newTag(), 'UPDATE account SET balance = 0 WHERE id = 2');
      const connection = await database.begin(newTag());

      const error = await failureOf(
        connection.query(`UPDATE${ignore} account SET balance = balance + 5 ORDER BY id`),
      );
      await connection.query('COMMIT');

      expect(database.engine.explain(error)).toMatchObject({ kind: 'lock-conflict' });
      await expect(database.rows('account')).resolves.toEqual(['[1,100]', '[2,0]']);
      await expect(undoRows()).resolves.toHaveLength(1);
    },
  );

  it('lets another branch of the same transaction pass', async () => {
    const first = newTag();
    const second = newTag(first.xid);
    await database.branch(first, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.branch(second, 'UPDATE account SET balance = 2 WHERE id = 1');

    await expect(undoRows()).resolves.toMatchObject([
      { ...first, before_image: '1,100', after_image: '1,2' },
    ]);
  });

  it('waits behind a holder that has not committed, and goes on when it rolls back', async () => {
    const holder = await database.begin(newTag());
    await holder.query('UPDATE account SET balance = 0 WHERE id = 1');
    const waiting = database.branch(newTag(), 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.untilBlocked();
    await holder.query('ROLLBACK');
    await waiting;

    await expect(database.rows('account')).resolves.toContain('[1,1]');
  });

  it('fails behind a tombstone', async () => {
    const tag = newTag();
    await database.rollback(tag);

    const error = await failureOf(database.branch(tag, 'UPDATE account SET balance = 0'));

    expect(database.engine.explain(error)).toEqual({ kind: 'fenced' });
    await expect(database.rows('account')).resolves.toContain('[1,100]');
  });

  it('fails behind a tombstone at its first row', async () => {
    const tag = newTag();
    await database.rollback(tag);

    const error = await failureOf(
      database.branch(tag, 'UPDATE account SET balance = 0 WHERE id = 1'),
    );

    expect(database.engine.explain(error)).toEqual({ kind: 'fenced' });
  });

  it('fails behind a tombstone that came when its own fence row was taken back', async () => {
    const tag = newTag();
    const connection = await database.begin(tag);
    await connection.query('SAVEPOINT a');
    await connection.query('UPDATE account SET balance = 0 WHERE id = 1');
    await connection.query('ROLLBACK TO a');
    await database.rollback(tag);

    const error = await failureOf(connection.query('UPDATE account SET balance = 0 WHERE id = 1'));

    expect(database.engine.explain(error)).toEqual({ kind: 'fenced' });
  });

  it('refuses writes to a table without a primary key, in a branch only', async () => {
    await database.sql('INSERT INTO heap VALUES (1)');
    await database.branch(GUARDED, 'INSERT INTO heap VALUES (2)');

    const error = await failureOf(database.branch(newTag(), 'UPDATE heap SET n = 3'));

    const { kind, reason } = database.engine.explain(error) as { kind: string; reason?: string };
    expect(kind).toBe('refused');
    expect(reason).toContain('heap has no primary key');
  });

  it.each([
    ['an insert', "INSERT INTO scan VALUES (2, REPEAT('x', 5000000), REPEAT('y', 5000000))"],
    ['an update to a short row', 'UPDATE scan SET front = NULL, back = NULL'],
    ['an update to another key', 'UPDATE scan SET id = 3, front = NULL, back = NULL'],
    ['a delete', 'DELETE FROM scan'],
  ])('refuses %s of a row that is too long for an image', async (_case, statement) => {
    await database.sql(`DELETE FROM scan;
      INSERT INTO scan VALUES (1, REPEAT('x', 5000000), REPEAT('y', 5000000))`);

    const error = await failureOf(database.branch(newTag(), statement));

    const { kind, reason } = database.engine.explain(error) as { kind: string; reason?: string };
    expect([kind, reason]).toEqual(['refused', expect.stringContaining('scan is too long')]);
    await expect(database.sql('SELECT id, LENGTH(back) AS n FROM scan')).resolves.toEqual([
      { id: 1, n: 5_000_000 },
    ]);
    await expect(fences()).resolves.toEqual([]);
  });

  it('lets nobody write under a mark of the version before', async () => {
    const { branchId, xid } = newTag();
    const connection = await database.connect(`@dtx_tag = '${xid}/${branchId}'`);

    const error = await failureOf(connection.query('UPDATE account SET balance = 0'));

    expect(error).toMatchObject({ errno: 1406 });
    await expect(database.rows('account')).resolves.toEqual(['[1,100]', '[2,200]']);
  });

  it('refuses ids in the mark that are none', () => {
    expect(() => database.engine.tagStatement({ xid: "x' OR 1", branchId: '1' })).toThrow();
    expect(() => database.engine.tagStatement({ xid: 'x', branchId: "1'" })).toThrow(BAD_ID);
  });

  it('explains nothing that is not about capture', async () => {
    const error = await failureOf(database.sql('INSERT INTO account VALUES (1, 1)'));

    expect(database.engine.explain(error)).toBeUndefined();
    expect(database.engine.explain(new Error('no'))).toBeUndefined();
  });
});
