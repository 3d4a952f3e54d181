import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

/** A type, how much of it is unique, and three of its values: two that are there, one between. */
type Unique = readonly [type: string, length: string, first: string, second: string, third: string];

const UNIQUES: readonly Unique[] = [
  ['tinyint', '', '-128', '127', '0'],
  ['smallint unsigned', '', '0', '65535', '5'],
  ['bigint', '', '9223372036854775807', '1', '2'],
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
