import { inputsOf } from '../../../lib/resource/at/sqlite/generated-columns.js';
import { readIndexText } from '../../../lib/resource/at/sqlite/index-text.js';
import type { Column } from '../../../lib/resource/at/sqlite/table-definition.js';

const stored = (name: string): Column => ({
  name,
  type: 'TEXT',
  isNullable: true,
  isGenerated: false,
});
const generated = (name: string): Column => ({ ...stored(name), isGenerated: true });

describe('The text of CREATE TABLE tells what a generated column is made of', () => {
  it.each([
    ['one column', 'g TEXT AS (lower(a)) STORED', ['a']],
    ['several', 'g TEXT GENERATED ALWAYS AS (a || coalesce(b, 0)) VIRTUAL UNIQUE', ['a', 'b']],
    ['quoted ones', 'g AS ("a" || [Odd, name]) NOT NULL', ['a', 'Odd, name']],
    ['in another case', 'G AS (A)', ['a']],
    ['one behind a check', 'g TEXT CHECK (b > 0) AS (a)', ['a']],
    ['one behind a comment', 'g AS /* (b, */ (a -- b)\n)', ['a']],
    ['another generated one', 'h AS (a || b), g AS (lower(h))', ['a', 'b']],
    ['itself, by a function of its name', 'g AS (g(a))', ['a']],
    ['no column', "g AS ('a' || 1)", ['a']],
  ])('%s', (_title, definition, inputs) => {
    const columns = [stored('a'), stored('b'), stored('Odd, name'), generated('g'), generated('h')];
    const sql = `CREATE TABLE "t (x" (id INTEGER PRIMARY KEY, a DEFAULT ('('), b, ${definition},
      UNIQUE (a, b)) STRICT`;

    expect(inputsOf(sql, columns)(['G'])).toEqual(inputs);
  });

  it('and a stored column is made of itself', () => {
    const columns = [stored('a'), stored('b')];

    expect(inputsOf('CREATE TABLE t (a, b)', columns)(['b', 'nobody'])).toEqual(['b']);
  });
});

describe('The text of CREATE INDEX tells its terms and its condition', () => {
  it.each([
    ['a term', '(lower(a))', ['lower(a)'], undefined],
    ['directions', '(a DESC, lower(b) asc)', ['a', 'lower(b)'], undefined],
    ['commas inside', "(iif(a, b, ','), [x, y])", ["iif(a, b, ',')", '[x, y]'], undefined],
    ['a comment at the end', '(a -- it\n)', ['a -- it\n'], undefined],
    ['a condition', "(a) where b <> ')'", ['a'], "b <> ')'"],
    ['no condition', `(a) /* WHERE b */ -- WHERE c`, ['a'], undefined],
  ])('%s', (_title, text, terms, condition) => {
    expect(readIndexText(`CREATE UNIQUE INDEX "i (x" ON "t, (" ${text}`)).toEqual({
      terms,
      condition,
    });
  });
});
