import type { AtFile } from './at-file.js';
import { DONE, createAtFile, newTag } from './at-file.js';

/** A column, and three of its values: two that are there, one between. */
type Unique = readonly [column: string, first: string, second: string, third: string];

const UNIQUES: readonly Unique[] = [
  ['v INT NOT NULL UNIQUE', '9223372036854775807', '-9223372036854775808', '0'],
  ['v INT UNIQUE', '1', '2', '3'],
  ['v REAL NOT NULL UNIQUE', '0.1', '1e308', '5.0'],
  ['v TEXT COLLATE NOCASE NOT NULL UNIQUE', "'Ada'", "'ä'", "'x'"],
  ['v BLOB NOT NULL UNIQUE', "x'00ff'", "x''", "x'01'"],
  ['v NOT NULL UNIQUE', "'1'", '1', "x'31'"],
  ['v INT NOT NULL UNIQUE CHECK (v BETWEEN 1 AND 3)', '1', '2', '3'],
  ['v TEXT NOT NULL CHECK (length(v) < 99) UNIQUE', "'a'", "'b'", "'c'"],
];

describe('Two rows to which others refer get back values that changed places', () => {
  let file: AtFile | undefined;

  afterEach(() => {
    file?.drop();
  });

  it.each(
    UNIQUES.flatMap(([column, ...values]) => [
      [column, '', ...values] as const,
      // In a STRICT table a column has a type.
      [column.replace('v NOT', 'v ANY NOT'), 'STRICT', ...values] as const,
    ]),
  )('of %s %s', async (column, kind, first, second, third) => {
    file = await createAtFile(`
      CREATE TABLE thing (id INTEGER PRIMARY KEY, ${column}) ${kind};
      CREATE TABLE part (id INTEGER PRIMARY KEY, thing INT REFERENCES thing ON DELETE CASCADE);
      INSERT INTO thing VALUES (1, ${first}), (2, ${second});
      INSERT INTO part VALUES (1, 1), (2, 2)`);
    const before = file.rows('thing', 'part');
    const tag = newTag();
    file.branch(
      tag,
      `UPDATE thing SET v = ${third} WHERE id = 1`,
      `UPDATE thing SET v = ${first} WHERE id = 2`,
      `UPDATE thing SET v = ${second} WHERE id = 1`,
    );

    expect(await file.rollback(tag)).toEqual(DONE);

    expect(file.rows('thing', 'part')).toEqual(before);
  });
});
