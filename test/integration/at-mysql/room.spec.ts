import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag, reasonOf } from './at-database.js';

/** A type, how much of it is unique, and three of its values: two that are there, one between. */
type Unique = readonly [type: string, length: string, first: string, second: string, third: string];

const UNIQUES: readonly Unique[] = [
  ['tinyint', '', '-128', '127', '0'],
  ['smallint unsigned', '', '0', '65535', '5'],
  ['bigint', '', '9223372036854775807', '-9223372036854775808', '2'],
  ['bigint unsigned', '', '18446744073709551615', '0', '2'],
  ['decimal(4, 2)', '', '99.99', '-99.99', '0'],
  ['year', '', '2024', '1901', '2000'],
  ['float', '', '0.1', '3e38', '5'],
  ['double', '', '-1e300', '1e300', '5'],
  ['bit(2)', '', "b'11'", "b'0'", "b'1'"],
  ["enum('a', 'b', 'c')", '', "'a'", "'b'", "'c'"],
  ["set('a', 'b')", '', "'a,b'", "''", "'a'"],
  ['date', '', "'2024-02-29'", "'1000-01-01'", "'2000-01-01'"],
  ['datetime(3)', '', "'2024-03-31 02:30:00.5'", "'2000-01-01'", "'2001-01-01'"],
  ['timestamp(2)', '', "'2024-10-27 00:30:00.5'", "'2000-01-01'", "'2001-01-01'"],
  ['time', '', "'838:59:59'", "'-10:00:00'", "'00:00:00'"],
  ['char(1)', '', "'a'", "'b'", "'c'"],
  ['varchar(20) COLLATE utf8mb4_general_ci', '', "'Ada'", "'ä'", "'x'"],
  ['varchar(20)', '(3)', "'Ada'", "'Ben'", "'x'"],
  ['text', '(5)', "'Ada'", "'Ben'", "'x'"],
  ['char(2) CHARACTER SET latin1', '', "'ä'", "'b'", "'c'"],
  ['varbinary(4)', '', "x'00ff'", "x''", "x'01'"],
  ['binary(2)', '', "x'00ff'", "x'0000'", "x'0100'"],
  ['blob', '(3)', "x'00ff'", "x''", "x'01'"],
  [
    'uuid',
    '',
    "'00000000-0000-0000-0000-000000000001'",
    "'00000000-0000-0000-0000-000000000002'",
    "'00000000-0000-0000-0000-000000000003'",
  ],
];

const ROWS = 'SELECT id, HEX(v) AS v FROM thing ORDER BY id';

describeMariadb('Two rows to which others refer get back values that changed places', () => {
  let database: AtDatabase | undefined;

  afterEach(async () => {
    await database?.drop();
  });

  it.each(UNIQUES)('of the type %s %s', async (type, length, first, second, third) => {
    database = await createAtDatabase(`
      CREATE TABLE thing (id int PRIMARY KEY, v ${type} NOT NULL, UNIQUE (v${length}));
      CREATE TABLE part (id int PRIMARY KEY, thing int,
        FOREIGN KEY (thing) REFERENCES thing (id) ON DELETE CASCADE);
      INSERT INTO thing VALUES (1, ${first}), (2, ${second});
      INSERT INTO part VALUES (1, 1), (2, 2)`);
    const before = await database.sql(ROWS);
    const tag = newTag();
    await database.branch(
      tag,
      `UPDATE thing SET v = ${third} WHERE id = 1`,
      `UPDATE thing SET v = ${first} WHERE id = 2`,
      `UPDATE thing SET v = ${second} WHERE id = 1`,
    );

    expect(await database.rollback(tag)).toEqual(DONE);

    expect(await database.sql(ROWS)).toEqual(before);
    expect(await database.sql('SELECT COUNT(*) AS n FROM part')).toEqual([{ n: 2 }]);
  });
});

const PART = `
  CREATE TABLE part (id int PRIMARY KEY, thing int,
    FOREIGN KEY (thing) REFERENCES thing (id) ON DELETE CASCADE);
  INSERT INTO part VALUES (1, 1), (2, 2);`;

const SWAP = [
  'UPDATE thing SET seat = -1 WHERE id = 1',
  'UPDATE thing SET seat = 11 WHERE id = 2',
  'UPDATE thing SET seat = 12 WHERE id = 1',
];

describeMariadb('What refers to rows whose values changed places is left alone', () => {
  let database: AtDatabase | undefined;

  afterEach(async () => {
    await database?.drop();
  });

  it('by a column that nobody has changed, and a trigger', async () => {
    database = await createAtDatabase(`
      CREATE TABLE thing (id int PRIMARY KEY, seat int NOT NULL UNIQUE, nick int UNIQUE);
      INSERT INTO thing VALUES (1, 11, 1), (2, 12, 2); ${PART}
      CREATE TABLE label (id int PRIMARY KEY, nick int); INSERT INTO label VALUES (1, 1), (2, 2);
      CREATE TRIGGER renamed AFTER UPDATE ON thing FOR EACH ROW
        IF NOT (OLD.nick <=> NEW.nick) THEN
          UPDATE label SET nick = NEW.nick WHERE nick = OLD.nick;
        END IF;`);
    const before = await database.rows('thing', 'part', 'label');
    const tag = newTag();
    await database.branch(tag, ...SWAP);

    expect(await database.rollback(tag)).toEqual(DONE);

    expect(await database.rows('thing', 'part', 'label')).toEqual(before);
  });

  it('by a generated column', async () => {
    database = await createAtDatabase(`
      CREATE TABLE thing (id int PRIMARY KEY, a int NOT NULL, c int NOT NULL,
        g int AS (c * 10) STORED UNIQUE, seat int NOT NULL UNIQUE, UNIQUE (a, c));
      INSERT INTO thing (id, a, c, seat) VALUES (1, 1, 1, 11), (2, 2, 2, 12); ${PART}
      CREATE TABLE kid (id int PRIMARY KEY, g int,
        FOREIGN KEY (g) REFERENCES thing (g) ON UPDATE SET NULL);
      INSERT INTO kid VALUES (1, 10), (2, 20)`);
    const before = await database.rows('thing', 'part', 'kid');
    const tag = newTag();
    await database.branch(tag, ...SWAP);

    expect(await database.rollback(tag)).toEqual(DONE);

    expect(await database.rows('thing', 'part', 'kid')).toEqual(before);
  });

  it('by a value that a trigger makes of it: a person sees to it', async () => {
    database = await createAtDatabase(`
      CREATE TABLE thing (id int PRIMARY KEY, title varchar(20) NOT NULL, slug varchar(40) UNIQUE,
        low varchar(20) AS (lower(title)) STORED UNIQUE);
      CREATE TRIGGER set_slug BEFORE UPDATE ON thing FOR EACH ROW
        SET NEW.slug = CONCAT('s-', lower(NEW.title));
      INSERT INTO thing (id, title, slug) VALUES (1, 'a', 's-a'), (2, 'b', 's-b'); ${PART}
      CREATE TABLE kid (id int PRIMARY KEY, slug varchar(40),
        FOREIGN KEY (slug) REFERENCES thing (slug) ON UPDATE SET NULL)`);
    const tag = newTag();
    await database.branch(
      tag,
      "UPDATE thing SET title = '-' WHERE id = 1",
      "UPDATE thing SET title = 'A' WHERE id = 2",
      "UPDATE thing SET title = 'B' WHERE id = 1",
    );
    await database.sql("INSERT INTO kid VALUES (1, 's-b')");
    const after = await database.rows('thing', 'part', 'kid');

    expect(await database.rollback(tag)).toMatchObject({ kind: 'cannot' });

    expect(await database.rows('thing', 'part', 'kid')).toEqual(after);
  });

  it('by a generated column whose value a rollback would change under it', async () => {
    database = await createAtDatabase(`
      CREATE TABLE thing (id int PRIMARY KEY, c int NOT NULL, g int AS (c * 10) STORED UNIQUE);
      INSERT INTO thing (id, c) VALUES (1, 1);
      CREATE TABLE kid (id int PRIMARY KEY, g int,
        FOREIGN KEY (g) REFERENCES thing (g) ON UPDATE SET NULL)`);
    const tag = newTag();
    await database.branch(tag, 'UPDATE thing SET c = 5');
    await database.sql('INSERT INTO kid VALUES (1, 50)');

    const reason = reasonOf(await database.rollback(tag));

    expect(reason).toContain('thing 1: rows that are not part of the transaction refer to it');
    expect(await database.rows('kid')).toEqual(['[1,50]']);
  });

  it.each(['CASCADE', 'SET NULL'])('from another database, with %s', async (action) => {
    database = await createAtDatabase(`
      CREATE TABLE thing (id int PRIMARY KEY, seat int NOT NULL UNIQUE, code int UNIQUE);
      INSERT INTO thing VALUES (1, 11, 101), (2, 12, 102);`);
    const { name } = database;
    const other = `${name}_other`;
    await database.sql(`CREATE DATABASE ${other};
      CREATE TABLE ${other}.kid (id int PRIMARY KEY, thing int, code int,
        FOREIGN KEY (thing) REFERENCES ${name}.thing (id) ON DELETE ${action},
        FOREIGN KEY (code) REFERENCES ${name}.thing (code) ON UPDATE ${action});
      INSERT INTO ${other}.kid VALUES (1, 1, 101), (2, 2, 102)`);
    try {
      // As an application does that starts when both are there.
      await database.engine.install('mend');
      const before = await database.rows('thing', `${other}.kid`);
      const tag = newTag();
      await database.branch(tag, ...SWAP);

      expect(await database.rollback(tag)).toEqual(DONE);

      expect(await database.rows('thing', `${other}.kid`)).toEqual(before);
    } finally {
      await database.sql(`DROP DATABASE ${other}`);
    }
  });

  it.each(['CASCADE', 'SET NULL'])(
    'by the very value, behind the swap, with ON UPDATE %s: a person sees to it',
    async (action) => {
      database = await createAtDatabase(`
        CREATE TABLE thing (id int PRIMARY KEY, seat int NOT NULL UNIQUE);
        INSERT INTO thing VALUES (1, 11), (2, 12); ${PART}
        CREATE TABLE kid (id int PRIMARY KEY, seat int,
          FOREIGN KEY (seat) REFERENCES thing (seat) ON UPDATE ${action})`);
      const tag = newTag();
      await database.branch(tag, ...SWAP);
      await database.sql('INSERT INTO kid VALUES (1, 12)');
      const after = await database.rows('thing', 'part', 'kid');

      const reason = reasonOf(await database.rollback(tag));

      expect(reason).toMatch(/^Rows were left as they are/);
      expect(await database.rows('thing', 'part', 'kid')).toEqual(after);
    },
  );

  it('where a spare value is the very one that the other row needs', async () => {
    database = await createAtDatabase(`
      CREATE TABLE thing (id int PRIMARY KEY, mail varchar(9) NOT NULL UNIQUE,
        seat int NOT NULL UNIQUE);
      INSERT INTO thing VALUES (1, 'a', 12), (2, 'b', 13); ${PART}`);
    const before = await database.rows('thing', 'part');
    const tag = newTag();
    await database.branch(
      tag,
      'UPDATE thing SET seat = seat - 2 ORDER BY id',
      "UPDATE thing SET mail = '-' WHERE id = 1",
      "UPDATE thing SET mail = 'a' WHERE id = 2",
      "UPDATE thing SET mail = 'b' WHERE id = 1",
    );

    expect(await database.rollback(tag)).toEqual(DONE);

    expect(await database.rows('thing', 'part')).toEqual(before);
  });
});
