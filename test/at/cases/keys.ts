import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

const WEIRD = `'', ' ', '''', '"', '\\\\', ',', ':', ';', '|', '(1,2)'`;
const WORDS = `'NULL', 'null', '%', '_', '🐘'`;

const weirdRows = `${WEIRD}, ${WORDS}`
  .split(', ')
  .map((key, n) => `(${key}, ${String(n)})`)
  .join(', ');

/** Keys of several columns, and keys whose text is not what it seems. */
export const KEYS: CaseGroup = {
  title: 'keys',
  tables: ['pair', 'word', 'odd_key', 'moment', 'big', 'raw_key', 'amount'],
  schema: {
    postgres: `
      CREATE TABLE pair (a VARCHAR(20), b VARCHAR(20), n INT, PRIMARY KEY (b, a));
      CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
      CREATE TABLE word (w VARCHAR(20) COLLATE caseless PRIMARY KEY, n INT);
      CREATE TABLE odd_key (k VARCHAR(40) PRIMARY KEY, n INT);
      CREATE TABLE moment (at TIMESTAMP(6), z TIMESTAMPTZ, n INT, PRIMARY KEY (at, z));
      CREATE TABLE big (id BIGINT PRIMARY KEY, n INT);
      CREATE TABLE raw_key (k BYTEA, n INT, PRIMARY KEY (k));
      CREATE TABLE amount (d NUMERIC(30, 10), f FLOAT8, n INT, PRIMARY KEY (d, f));`,
    mariadb: `
      CREATE TABLE pair (a VARCHAR(20), b VARCHAR(20), n INT, PRIMARY KEY (b, a));
      CREATE TABLE word (w VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT);
      CREATE TABLE odd_key (k VARCHAR(40) COLLATE utf8mb4_nopad_bin PRIMARY KEY, n INT);
      CREATE TABLE moment (at DATETIME(6), z TIMESTAMP(6), n INT, PRIMARY KEY (at, z));
      CREATE TABLE big (id BIGINT UNSIGNED PRIMARY KEY, n INT);
      CREATE TABLE raw_key (k VARBINARY(40), n INT, PRIMARY KEY (k));
      CREATE TABLE amount (d DECIMAL(30, 10), f DOUBLE, n INT, PRIMARY KEY (d, f));`,
    sqlite: `
      CREATE TABLE pair (a VARCHAR(20), b VARCHAR(20), n INT, PRIMARY KEY (b, a));
      CREATE TABLE word (w VARCHAR(20) COLLATE NOCASE PRIMARY KEY, n INT);
      CREATE TABLE odd_key (k VARCHAR(40) PRIMARY KEY, n INT) WITHOUT ROWID;
      CREATE TABLE moment (at TEXT, z TEXT, n INT, PRIMARY KEY (at, z));
      CREATE TABLE big (id INTEGER PRIMARY KEY, n INT);
      CREATE TABLE raw_key (k BLOB, n INT, PRIMARY KEY (k));
      CREATE TABLE amount (d NUMERIC, f REAL, n INT, PRIMARY KEY (d, f));`,
  },
  seed: {
    postgres: `
      INSERT INTO pair VALUES ('a_b', 'c', 1), ('a', 'b_c', 2), ('x,y', 'z', 3), ('x', 'y,z', 4);
      INSERT INTO word VALUES ('w1', 1), ('Straße', 2), ('é', 3);
      INSERT INTO odd_key VALUES ${weirdRows.replaceAll('\\\\', '\\')};
      INSERT INTO moment VALUES ('2024-02-29 23:59:59.123456', '2024-03-31 01:59:59.999999+00', 1);
      INSERT INTO big VALUES (9223372036854775807, 1), (9007199254740993, 2), (0, 3);
      INSERT INTO raw_key VALUES ('\\x00', 1), ('\\x0000', 2), ('\\xff27', 3), ('', 4);
      INSERT INTO amount VALUES (1.5, 0.30000000000000004, 1), (1e10, 5e-324, 2), (-0.1, 1e22, 3);`,
    mariadb: `
      INSERT INTO pair VALUES ('a_b', 'c', 1), ('a', 'b_c', 2), ('x,y', 'z', 3), ('x', 'y,z', 4);
      INSERT INTO word VALUES ('w1', 1), ('Straße', 2), ('é', 3);
      INSERT INTO odd_key VALUES ${weirdRows};
      INSERT INTO moment VALUES ('2024-02-29 23:59:59.123456', '2024-03-31 01:59:59.999999', 1);
      INSERT INTO big VALUES (18446744073709551615, 1), (9007199254740993, 2), (0, 3);
      INSERT INTO raw_key VALUES (X'00', 1), (X'0000', 2), (X'ff27', 3), ('', 4);
      INSERT INTO amount VALUES (1.5, 0.30000000000000004, 1), (1e10, 5e-324, 2), (-0.1, 1e22, 3);`,
    sqlite: `
      INSERT INTO pair VALUES ('a_b', 'c', 1), ('a', 'b_c', 2), ('x,y', 'z', 3), ('x', 'y,z', 4);
      INSERT INTO word VALUES ('w1', 1), ('Straße', 2), ('é', 3);
      INSERT INTO odd_key VALUES ${weirdRows.replaceAll('\\\\', '\\')};
      INSERT INTO moment VALUES ('2024-02-29 23:59:59.123456', '2024-03-31 01:59:59.999999', 1);
      INSERT INTO big VALUES (9223372036854775807, 1), (9007199254740993, 2), (0, 3);
      INSERT INTO raw_key VALUES (X'00', 1), (X'0000', 2), (X'ff27', 3), (X'', 4), ('00', 5);
      INSERT INTO amount VALUES (1.5, 0.30000000000000004, 1), (1e10, 5e-324, 2), (-0.1, 1e22, 3);`,
  },
  cases: [
    {
      title: 'keys of two columns that read the same when they are joined',
      work: everywhere([
        `UPDATE pair SET n = 10 WHERE a = 'a_b'`,
        `DELETE FROM pair WHERE a = 'a'`,
        [`UPDATE pair SET n = n + 1`, `DELETE FROM pair WHERE a = 'x'`],
        `INSERT INTO pair VALUES ('a_b_c', '', 5), ('', 'a_b_c', 6)`,
      ]),
    },
    {
      title: 'a key of two columns that changes in one of them',
      work: everywhere([
        `UPDATE pair SET b = 'd' WHERE a = 'a_b'`,
        `UPDATE pair SET a = 'a_b', b = 'c' WHERE a = 'a'`,
      ]),
    },
    {
      title: 'a key that comes back in another case',
      work: everywhere([
        [`DELETE FROM word WHERE w = 'W1'`, `INSERT INTO word VALUES ('W1', 9)`],
        `UPDATE word SET n = n + 1 WHERE w = 'w1'`,
      ]),
    },
    {
      title: 'a key that is written in another case',
      work: everywhere([
        `UPDATE word SET w = 'W1' WHERE w = 'w1'`,
        `UPDATE word SET w = 'STRAßE' WHERE n = 2`,
      ]),
    },
    {
      title: 'keys of odd characters, changed',
      work: everywhere([`UPDATE odd_key SET n = n + 100`]),
    },
    {
      title: 'keys of odd characters, deleted and inserted',
      work: everywhere([
        ['DELETE FROM odd_key WHERE n > 3'],
        `INSERT INTO odd_key VALUES (';', 1), ('(1,2)', 2), ('  ', 3), ('NULL ', 4)`,
      ]),
    },
    {
      title: 'keys of odd characters, moved',
      work: {
        postgres: [`UPDATE odd_key SET k = k || '''"'`],
        mariadb: [`UPDATE odd_key SET k = CONCAT(k, '\\'"')`],
        sqlite: [`UPDATE odd_key SET k = k || '''"'`],
      },
    },
    {
      title: 'keys of points in time',
      work: everywhere([
        'UPDATE moment SET n = 2',
        ['DELETE FROM moment', `INSERT INTO moment VALUES ('2001-02-03', '2001-02-03', 1)`],
      ]),
    },
    {
      title: 'keys beyond 2^53',
      work: everywhere([
        'UPDATE big SET n = n + 1',
        'DELETE FROM big WHERE id = 9007199254740993',
        'INSERT INTO big VALUES (9007199254740992, 0)',
      ]),
    },
    {
      title: 'keys of bytes',
      work: {
        postgres: [
          'UPDATE raw_key SET n = n + 1',
          `DELETE FROM raw_key WHERE k = '\\x0000'`,
          `INSERT INTO raw_key VALUES ('\\x000000', 1)`,
        ],
        mariadb: [
          'UPDATE raw_key SET n = n + 1',
          `DELETE FROM raw_key WHERE k = X'0000'`,
          `INSERT INTO raw_key VALUES (X'000000', 1)`,
        ],
        sqlite: [
          'UPDATE raw_key SET n = n + 1',
          `DELETE FROM raw_key WHERE k = X'0000'`,
          `INSERT INTO raw_key VALUES (X'000000', 1), ('0000', 2)`,
        ],
      },
    },
    {
      title: 'keys of decimals and floats',
      work: everywhere([
        'UPDATE amount SET n = n + 1',
        'DELETE FROM amount WHERE n = 3',
        'UPDATE amount SET d = d + 1 WHERE n = 2',
      ]),
    },
  ],
};
