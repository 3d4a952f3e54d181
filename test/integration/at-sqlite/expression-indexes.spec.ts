import Database from 'better-sqlite3';

import type { AtFile } from './at-file.js';
import { DONE, createAtFile, newTag } from './at-file.js';

const TABLE = `CREATE TABLE thing (id INTEGER PRIMARY KEY, a TEXT, b INT, n NUMERIC, r REAL, v,
  c VARCHAR(9) COLLATE NOCASE, "odd ""name(" TEXT, low TEXT AS (lower(a)) VIRTUAL);`;

/** What CREATE UNIQUE INDEX can say, in the spellings that people use. */
const INDEXES: readonly string[] = [
  '(lower(a))',
  '(lower(a) DESC)',
  '(trim(a) COLLATE NOCASE ASC, b)',
  '(b, lower(c) -- a comment, with (\n)',
  '(a || \',(\' || coalesce("odd ""name(", \'-\')) /* WHERE */',
  '(abs(n))',
  '(round(r, 1))',
  '(typeof(v))',
  "(b = '5')",
  "(r > '1')",
  '(a = 5)',
  '(a BETWEEN 4 AND 6)',
  "(c IN ('X', 'Y'))",
  '(CASE WHEN b IS NULL THEN NULL ELSE a END)',
  '(length(low))',
  "(v) WHERE b = '5'",
  "(lower(a)) WHERE n > '1' AND a <> '(WHERE'",
  '(c) WHERE a = 5 -- the last word',
  "(b) WHERE typeof(a) = 'blob'",
  '(length(a))',
  "(json_extract(a, '$.k')) WHERE json_valid(a)",
  "(a = '5', typeof(a))",
  '(v) WHERE thing.b > 5',
];

const ADA = `('Ada', 5, '7', 1.04, 1, 'x', 'o')`;

const ROWS: readonly string[] = [
  ADA,
  `('ada ', 6, '-7', 1.0, 1.0, 'X', 'o')`,
  `('5', 5, 7.0, '2.5', '1', 'y', NULL)`,
  `('5.0', '5', 2, 1, x'31', 'z ', 'p')`,
  `('aDA', NULL, 'seven', 'one', NULL, NULL, NULL)`,
  `(NULL, 5, NULL, NULL, 1, 'Y', 'o')`,
  `(x'35', 6, '7', 1, 'w', 'X', 'o')`,
  `(x'C3A4', 6, 1, 1, 'W', 'Q', 'o')`,
  `('{"k": 1}', 7, 1, 1, 2, 'R', 'o')`,
];

const insert = (id: number, row: string): string =>
  `INSERT INTO thing (id, a, b, n, r, v, c, "odd ""name(") VALUES (${String(id)}, ${row.slice(1)}`;

/** What SQLite itself says: whether both rows can be there. */
function collide(index: string, first: string, second: string): boolean {
  const database = new Database(':memory:');
  database.exec(`${TABLE} CREATE UNIQUE INDEX i ON thing ${index}`);
  database.exec(insert(1, first));
  try {
    database.exec(insert(2, second));
    return false;
  } catch {
    return true;
  } finally {
    database.close();
  }
}

describe('A unique index over an expression on SQLite', () => {
  let file: AtFile;

  afterEach(() => {
    file.drop();
  });

  it.each(INDEXES)('locks just the values that SQLite takes for one: %s', async (index) => {
    file = await createAtFile(`${TABLE} CREATE UNIQUE INDEX i ON thing ${index};`);
    const wrong: string[] = [];
    for (const first of ROWS) {
      for (const second of ROWS) {
        const [one, two] = [newTag(), newTag()];
        file.branch(one, insert(1, first), 'DELETE FROM thing');
        let isHeld = false;
        try {
          file.branch(two, insert(2, second));
        } catch (error) {
          isHeld = file.engine.explain(error)?.kind === 'lock-conflict';
        }
        if (isHeld !== collide(index, first, second)) wrong.push(`${first} ~ ${second}`);
        await file.rollback(two);
        await file.rollback(one);
      }
    }

    expect(wrong).toEqual([]);
    expect(file.held()).toEqual([]);
  });

  it('is computed for no row that is not in it', async () => {
    file = await createAtFile(
      `CREATE TABLE doc (id INTEGER PRIMARY KEY, body TEXT, n INT);
       CREATE UNIQUE INDEX i ON doc (json_extract(body, '$.id')) WHERE json_valid(body);
       INSERT INTO doc VALUES (7, 'none', 1), (8, '{"id": 5}', 1);`,
      { guard: true },
    );
    const before = file.rows('doc');
    const tag = newTag();

    file.branch(tag, `INSERT INTO doc VALUES (1, 'no JSON', 1)`, 'UPDATE doc SET n = 2');
    file.database.exec(`INSERT INTO doc VALUES (2, 'nor here', 1); DELETE FROM doc WHERE id = 2`);

    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.rows('doc')).toEqual(before);
  });

  it('is not locked by an update that leaves its values alone', async () => {
    file = await createAtFile(`${TABLE} CREATE UNIQUE INDEX i ON thing (lower(a));
      ${insert(1, ADA)};`);
    const tag = newTag();

    file.branch(tag, `UPDATE thing SET a = 'ADA', b = 9`);

    expect(file.held()).toEqual(['thing 1']);
    expect(await file.rollback(tag)).toEqual(DONE);
  });

  it('says which value is held', async () => {
    file = await createAtFile(`${TABLE} CREATE UNIQUE INDEX by_name ON thing (lower(a), b);
      ${insert(1, ADA)};`);

    file.branch(newTag(), 'DELETE FROM thing');

    expect(file.held()).toEqual(['thing 1', `thing (by_name) 'ada',5`]);
  });
});
