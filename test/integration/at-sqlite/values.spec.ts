import type { AtFile } from './at-file.js';
import { DONE, createAtFile, newTag } from './at-file.js';

/** Columns and literals, as SQL; every one in a column of its own type. */
const VALUES: readonly (readonly [title: string, type: string, value: string])[] = [
  ['the largest whole number', 'INTEGER', '9223372036854775807'],
  ['the smallest whole number', 'INTEGER', '-9223372036854775808'],
  ['2^53 + 1', 'INTEGER', '9007199254740993'],
  ['0.1 + 0.2', 'REAL', '0.1 + 0.2'],
  ['-0.0', 'REAL', '-0.0'],
  ['-0.0 without affinity', '', '-0.0'],
  ['infinity', 'REAL', '9e999'],
  ['minus infinity', 'REAL', '-9e999'],
  ['the smallest real', 'REAL', '5e-324'],
  ['1.0 in REAL', 'REAL', '1.0'],
  ['1.0 without affinity', '', '1.0'],
  ['1e20 in NUMERIC', 'NUMERIC', '1e20'],
  ['a text with quotes', 'TEXT', `'it''s "quoted", \\ and CAST(X''00'' AS TEXT)'`],
  ['a text with NUL', 'TEXT', `'a' || char(0) || 'b'`],
  ['a text that is no UTF-8', 'TEXT', `CAST(x'ff80c3' AS TEXT)`],
  ['a text that looks like a number', '', `'007'`],
  ['a BLOB', 'BLOB', `x'00ff10'`],
  ['a BLOB in a TEXT column', 'TEXT', `x'4142'`],
  ['an empty BLOB', 'BLOB', `x''`],
  ['an empty text', 'TEXT', `''`],
  ['a boolean', 'BOOLEAN', 'TRUE'],
  ['a decimal', 'DECIMAL(20, 4)', `'12345678901234.5678'`],
  ['a time with microseconds', 'DATETIME', `'2024-02-29 23:59:59.123456'`],
  ['jsonb', 'BLOB', `jsonb('{"a": [1, 2.50, null]}')`],
  ['NULL', 'TEXT', 'NULL'],
];

/** What an application may set, none of which may change what comes back. */
const HOSTILE = `
  PRAGMA recursive_triggers = OFF; PRAGMA case_sensitive_like = ON; PRAGMA trusted_schema = OFF;
  PRAGMA reverse_unordered_selects = ON; PRAGMA legacy_alter_table = ON; PRAGMA encoding = 'UTF-16';
  PRAGMA cell_size_check = ON; PRAGMA automatic_index = OFF; PRAGMA count_changes = ON;`;

const setup = (type: string, value: string): string =>
  `CREATE TABLE thing (id INTEGER PRIMARY KEY, v ${type}, other TEXT);
   INSERT INTO thing VALUES (1, ${value}, 'updated'), (2, ${value}, 'deleted');`;

describe('values that come back from SQLite', () => {
  let file: AtFile;

  afterEach(() => {
    file.drop();
  });

  it.each(VALUES)('are exact: %s', async (_title, type, value) => {
    file = await createAtFile(setup(type, value));
    const before = file.rows('thing');
    const tag = newTag();

    file.branch(tag, "UPDATE thing SET v = 'x' WHERE id = 1", 'DELETE FROM thing WHERE id = 2');

    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.rows('thing')).toEqual(before);
  });

  it.each(VALUES)('are exact under hostile pragmas: %s', async (_title, type, value) => {
    file = await createAtFile(setup(type, value));
    const before = file.rows('thing');
    const tag = newTag();
    file.database.exec(HOSTILE);

    file.branch(
      tag,
      "REPLACE INTO thing VALUES (1, 'x', 'replaced')",
      'DELETE FROM thing WHERE id = 2',
    );
    file.database.exec(HOSTILE);

    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.rows('thing')).toEqual(before);
  });

  it('are exact in a file of UTF-16 texts', async () => {
    file = await createAtFile(
      `PRAGMA encoding = 'UTF-16le'; CREATE TABLE thing (k TEXT PRIMARY KEY NOT NULL, v TEXT);
       INSERT INTO thing VALUES ('ключ', 'čaj 🍵'), ('two', '');`,
    );
    const before = file.rows('thing');
    const tag = newTag();

    file.branch(tag, "UPDATE thing SET v = 'x'", "DELETE FROM thing WHERE k = 'ключ'");

    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.rows('thing')).toEqual(before);
  });
});
