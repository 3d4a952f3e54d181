import type { AtFile } from './at-file.js';
import { DONE, createAtFile, newTag } from './at-file.js';

/** A column, and three of its values: two that are there, one between. */
type Unique = readonly [column: string, first: string, second: string, third: string];

const UNIQUES: readonly Unique[] = [
  ['v INT NOT NULL UNIQUE', '9223372036854775807', '-9223372036854775808', '0'],
  ['v INT UNIQUE', '1', '2', '3'],
  ['v REAL NOT NULL UNIQUE', '0.1', '1e308', '5.0'],
  ['v REAL NOT NULL UNIQUE', '1e17', '-1e17', '0.0'],
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

const PART = `
  CREATE TABLE part (id INTEGER PRIMARY KEY, thing INT REFERENCES thing ON DELETE CASCADE);
  INSERT INTO part VALUES (1, 1), (2, 2);`;

const SWAP = [
  'UPDATE thing SET seat = -1 WHERE id = 1',
  'UPDATE thing SET seat = 11 WHERE id = 2',
  'UPDATE thing SET seat = 12 WHERE id = 1',
];

describe('What refers to rows whose values changed places is left alone', () => {
  let file: AtFile | undefined;

  afterEach(() => {
    file?.drop();
  });

  it('by a column that nobody has changed, and a trigger', async () => {
    file = await createAtFile(`
      CREATE TABLE thing (id INTEGER PRIMARY KEY, seat INT NOT NULL UNIQUE, nick INT UNIQUE);
      INSERT INTO thing VALUES (1, 11, 1), (2, 12, 2); ${PART}
      CREATE TABLE label (id INTEGER PRIMARY KEY, nick INT);
      INSERT INTO label VALUES (1, 1), (2, 2);
      CREATE TRIGGER renamed AFTER UPDATE OF nick ON thing BEGIN
        UPDATE label SET nick = NEW.nick WHERE nick = OLD.nick;
      END;`);
    const before = file.rows('thing', 'part', 'label');
    const tag = newTag();
    file.branch(tag, ...SWAP);

    expect(await file.rollback(tag)).toEqual(DONE);

    expect(file.rows('thing', 'part', 'label')).toEqual(before);
  });

  it.each(['ON DELETE CASCADE', 'ON UPDATE SET NULL ON DELETE SET NULL'])(
    'by a generated column, %s',
    async (actions) => {
      file = await createAtFile(`
        CREATE TABLE thing (id INTEGER PRIMARY KEY, a INT NOT NULL, c INT NOT NULL,
          g INT GENERATED ALWAYS AS (c * 10) STORED UNIQUE, seat INT NOT NULL UNIQUE);
        INSERT INTO thing (id, a, c, seat) VALUES (1, 1, 1, 11), (2, 2, 2, 12);
        CREATE TABLE kid (id INTEGER PRIMARY KEY, g INT REFERENCES thing (g) ${actions});
        INSERT INTO kid VALUES (1, 10), (2, 20)`);
      const before = file.rows('thing', 'kid');
      const tag = newTag();
      file.branch(tag, ...SWAP, 'UPDATE thing SET a = 9');

      expect(await file.rollback(tag)).toEqual(DONE);

      expect(file.rows('thing', 'kid')).toEqual(before);
    },
  );

  it('by a generated column whose value a rollback would change or take away', async () => {
    file = await createAtFile(`
      CREATE TABLE thing (id INTEGER PRIMARY KEY, c INT NOT NULL,
        g INT GENERATED ALWAYS AS (c * 10) STORED UNIQUE);
      INSERT INTO thing (id, c) VALUES (1, 1);
      CREATE TABLE kid (id INTEGER PRIMARY KEY,
        g INT REFERENCES thing (g) ON UPDATE SET NULL ON DELETE CASCADE)`);
    const tag = newTag();
    file.branch(tag, 'UPDATE thing SET c = 5', 'INSERT INTO thing (id, c) VALUES (2, 7)');
    file.outside.exec('INSERT INTO kid VALUES (1, 50), (2, 70)');
    const before = file.rows('thing', 'kid');

    const outcome = await file.rollback(tag);

    expect(outcome).toMatchObject({ kind: 'cannot' });
    expect(file.rows('thing', 'kid')).toEqual(before);
  });

  it('by a generated column of values that changed places: a person sees to it', async () => {
    file = await createAtFile(`
      CREATE TABLE thing (id INTEGER PRIMARY KEY, c INT NOT NULL UNIQUE,
        g INT GENERATED ALWAYS AS (c * 10) STORED UNIQUE);
      INSERT INTO thing (id, c) VALUES (1, 1), (2, 2); ${PART}
      CREATE TABLE kid (id INTEGER PRIMARY KEY, g INT REFERENCES thing (g) ON UPDATE SET NULL)`);
    const tag = newTag();
    file.branch(
      tag,
      'UPDATE thing SET c = -1 WHERE id = 1',
      'UPDATE thing SET c = 1 WHERE id = 2',
      'UPDATE thing SET c = 2 WHERE id = 1',
    );
    file.outside.exec('INSERT INTO kid VALUES (1, 10), (2, 20)');
    const before = file.rows('thing', 'part', 'kid');

    expect(await file.rollback(tag)).toMatchObject({ kind: 'cannot' });

    expect(file.rows('thing', 'part', 'kid')).toEqual(before);
  });

  it('by a value that a trigger makes of it: a person sees to it', async () => {
    file = await createAtFile(`
      CREATE TABLE thing (id INTEGER PRIMARY KEY, title TEXT NOT NULL, slug TEXT UNIQUE);
      CREATE UNIQUE INDEX by_title ON thing (lower(title));
      CREATE TRIGGER set_slug AFTER UPDATE OF title ON thing BEGIN
        UPDATE thing SET slug = 's-' || lower(NEW.title) WHERE id = NEW.id;
      END;
      INSERT INTO thing VALUES (1, 'a', 's-a'), (2, 'b', 's-b'); ${PART}
      CREATE TABLE kid (id INTEGER PRIMARY KEY,
        slug TEXT REFERENCES thing (slug) ON UPDATE SET NULL)`);
    const tag = newTag();
    file.branch(
      tag,
      "UPDATE thing SET title = '-' WHERE id = 1",
      "UPDATE thing SET title = 'A' WHERE id = 2",
      "UPDATE thing SET title = 'B' WHERE id = 1",
    );
    file.outside.exec("INSERT INTO kid VALUES (1, 's-b')");
    const after = file.rows('thing', 'part', 'kid');

    expect(await file.rollback(tag)).toMatchObject({ kind: 'cannot' });

    expect(file.rows('thing', 'part', 'kid')).toEqual(after);
  });

  it('by a generated column, where others refer to other rows', async () => {
    file = await createAtFile(`
      CREATE TABLE thing (id INTEGER PRIMARY KEY, c INT NOT NULL,
        g INT GENERATED ALWAYS AS (c * 10) STORED UNIQUE);
      INSERT INTO thing (id, c) VALUES (1, 1), (2, 2), (3, 3); ${PART}
      CREATE TABLE kid (id INTEGER PRIMARY KEY, g INT REFERENCES thing (g) ON UPDATE CASCADE);
      INSERT INTO kid VALUES (1, 30)`);
    const before = file.rows('thing', 'part', 'kid');
    const tag = newTag();
    file.branch(
      tag,
      'UPDATE thing SET c = -1 WHERE id = 1',
      'UPDATE thing SET c = 1 WHERE id = 2',
      'UPDATE thing SET c = 2 WHERE id = 1',
    );

    expect(await file.rollback(tag)).toEqual(DONE);

    expect(file.rows('thing', 'part', 'kid')).toEqual(before);
  });

  it.each(['CASCADE', 'SET NULL', 'SET DEFAULT'])(
    'by the very value, behind the swap, with ON UPDATE %s: a person sees to it',
    async (action) => {
      file = await createAtFile(`
        CREATE TABLE thing (id INTEGER PRIMARY KEY, seat INT NOT NULL UNIQUE);
        INSERT INTO thing VALUES (1, 11), (2, 12); ${PART}
        CREATE TABLE kid (id INTEGER PRIMARY KEY,
          seat INT REFERENCES thing (seat) ON UPDATE ${action})`);
      const tag = newTag();
      file.branch(tag, ...SWAP);
      file.outside.exec('INSERT INTO kid VALUES (1, 12)');
      const after = file.rows('thing', 'part', 'kid');

      expect(await file.rollback(tag)).toMatchObject({ kind: 'cannot' });

      expect(file.rows('thing', 'part', 'kid')).toEqual(after);
    },
  );

  it('where a spare value is the very one that the other row needs', async () => {
    file = await createAtFile(`
      CREATE TABLE thing (id INTEGER PRIMARY KEY, mail TEXT NOT NULL UNIQUE,
        seat INT NOT NULL UNIQUE);
      INSERT INTO thing VALUES (1, 'a', 12), (2, 'b', 13); ${PART}`);
    const before = file.rows('thing', 'part');
    const tag = newTag();
    file.branch(
      tag,
      'UPDATE thing SET seat = seat - 2',
      "UPDATE thing SET mail = '-' WHERE id = 1",
      "UPDATE thing SET mail = 'a' WHERE id = 2",
      "UPDATE thing SET mail = 'b' WHERE id = 1",
    );

    expect(await file.rollback(tag)).toEqual(DONE);

    expect(file.rows('thing', 'part')).toEqual(before);
  });
});
