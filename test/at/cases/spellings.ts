import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

const OTHER_BYTES = { not: 'InnoDB refuses it, since the bytes are others' };
const NO_KEY_CASCADE = { not: 'it is refused, since no trigger sees the cascade' };

/** Keys that are equal to others and written otherwise. */
export const SPELLINGS: CaseGroup = {
  title: 'keys of equal values',
  tables: ['pet', 'visit_of', 'nick', 'blank', 'place'],
  schema: {
    postgres: `
      CREATE COLLATION folding (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
      CREATE TABLE nick (id VARCHAR(20) COLLATE folding PRIMARY KEY, n INT);
      CREATE TABLE pet (nick VARCHAR(20) COLLATE folding PRIMARY KEY,
        FOREIGN KEY (nick) REFERENCES nick (id) ON UPDATE CASCADE);
      CREATE TABLE visit_of (id INT PRIMARY KEY, nick VARCHAR(20) COLLATE folding,
        FOREIGN KEY (nick) REFERENCES nick (id));
      CREATE TABLE blank (k CHAR(10), d NUMERIC, PRIMARY KEY (k, d));
      CREATE TABLE place (a INT, b VARCHAR(10) COLLATE folding, n INT, PRIMARY KEY (a, b));`,
    mariadb: `
      CREATE TABLE nick (id VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, n INT);
      CREATE TABLE pet (nick VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY,
        FOREIGN KEY (nick) REFERENCES nick (id) ON UPDATE CASCADE);
      CREATE TABLE visit_of (id INT PRIMARY KEY, nick VARCHAR(20) COLLATE utf8mb4_general_ci,
        FOREIGN KEY (nick) REFERENCES nick (id));
      CREATE TABLE blank (k VARCHAR(10), d DECIMAL(10, 2), PRIMARY KEY (k, d));
      CREATE TABLE place (a INT, b VARCHAR(10), n INT, PRIMARY KEY (a, b));`,
    sqlite: `
      CREATE TABLE nick (id VARCHAR(20) COLLATE NOCASE PRIMARY KEY NOT NULL, n INT);
      CREATE TABLE pet (nick VARCHAR(20) COLLATE NOCASE PRIMARY KEY NOT NULL,
        FOREIGN KEY (nick) REFERENCES nick (id) ON UPDATE CASCADE);
      CREATE TABLE visit_of (id INT PRIMARY KEY, nick VARCHAR(20),
        FOREIGN KEY (nick) REFERENCES nick (id));
      CREATE TABLE blank (k TEXT COLLATE RTRIM, d, PRIMARY KEY (k, d));
      CREATE TABLE place (a, b TEXT COLLATE NOCASE, n INT, PRIMARY KEY (a, b)) WITHOUT ROWID;`,
  },
  seed: `
    INSERT INTO nick VALUES ('nick1', 1), ('nick2', 2), ('nick3', 3), ('nick4', 4);
    INSERT INTO pet VALUES ('nick1');
    INSERT INTO visit_of VALUES (2, 'nick2'), (3, 'nick2');
    INSERT INTO blank VALUES ('a', 1), ('b  ', 1.5);
    INSERT INTO place VALUES (1, 'one', 1), (2, 'two', 2);`,
  cases: [
    {
      title: 'a key in another case',
      work: everywhere([`UPDATE nick SET id = 'Nick3' WHERE id = 'nick3'`]),
    },
    {
      title: 'a key in another case, twice in one branch',
      work: everywhere([
        [
          `UPDATE nick SET id = 'Nick3' WHERE id = 'nick3'`,
          `UPDATE nick SET id = 'NICK3', n = 7 WHERE id = 'nick3'`,
        ],
      ]),
    },
    {
      title: 'a key in another case, and back',
      changesNothing: true,
      work: everywhere([
        [
          `UPDATE nick SET id = 'Nick3' WHERE id = 'nick3'`,
          `UPDATE nick SET id = 'nick3' WHERE id = 'nick3'`,
        ],
      ]),
    },
    {
      title: 'a key in another case, in two branches',
      work: everywhere([
        `UPDATE nick SET id = 'Nick3' WHERE id = 'nick3'`,
        [`UPDATE nick SET id = 'NICK3' WHERE id = 'nick3'`],
      ]),
    },
    {
      title: 'a key that moves away and comes back in another case',
      work: everywhere([
        [
          `UPDATE nick SET id = 'other' WHERE id = 'nick3'`,
          `UPDATE nick SET id = 'NICK3' WHERE id = 'other'`,
        ],
        [`UPDATE nick SET id = 'NIcK4' WHERE id = 'nick4'`, `DELETE FROM nick WHERE id = 'nick4'`],
      ]),
    },
    {
      title: 'two keys that are swapped, in another case',
      work: everywhere([
        [
          `UPDATE nick SET id = 'tmp' WHERE id = 'nick3'`,
          `UPDATE nick SET id = 'NICK3' WHERE id = 'nick4'`,
          `UPDATE nick SET id = 'NICK4' WHERE id = 'tmp'`,
        ],
      ]),
    },
    {
      title: 'a key in another case whose children follow',
      work: {
        ...everywhere([
          `UPDATE nick SET id = 'Nick1' WHERE id = 'nick1'`,
          [`UPDATE nick SET id = 'NICK1', n = 7 WHERE id = 'nick1'`],
        ]),
        mariadb: NO_KEY_CASCADE,
      },
    },
    {
      title: 'a key in another case to which children refer',
      work: {
        ...everywhere([`UPDATE nick SET id = 'Nick2' WHERE id = 'nick2'`]),
        mariadb: OTHER_BYTES,
      },
    },
    {
      title: 'a key in another case to which children refer, in two branches',
      work: {
        ...everywhere([
          [`UPDATE nick SET id = 'Nick2' WHERE id = 'nick2'`, `DELETE FROM visit_of WHERE id = 2`],
          [`UPDATE nick SET id = 'NICK2' WHERE id = 'nick2'`],
          `UPDATE visit_of SET nick = 'NICK2'`,
          `INSERT INTO visit_of VALUES (4, 'nIck2')`,
        ]),
        mariadb: OTHER_BYTES,
      },
    },
    {
      title: 'a key in another case whose children go and come again',
      work: everywhere([
        [
          `DELETE FROM visit_of`,
          `UPDATE nick SET id = 'Nick2', n = 7 WHERE id = 'nick2'`,
          `INSERT INTO visit_of VALUES (2, 'nick2'), (3, 'Nick2')`,
        ],
      ]),
    },
    {
      title: 'a child that refers in another case',
      work: everywhere([
        `UPDATE visit_of SET nick = 'NICK2' WHERE id = 2`,
        [`INSERT INTO visit_of VALUES (4, 'nIck2')`, `UPDATE pet SET nick = 'NICK1'`],
      ]),
    },
    {
      title: 'a key with blanks behind it',
      work: everywhere([
        `UPDATE blank SET k = 'a  ' WHERE k = 'a'`,
        [`UPDATE blank SET k = 'b' WHERE k = 'b'`, `UPDATE blank SET d = 1.50 WHERE k = 'b'`],
      ]),
    },
    {
      title: 'a number that is written otherwise',
      work: {
        ...everywhere([`UPDATE blank SET d = 1.0 WHERE k = 'a'`]),
        mariadb: { not: 'a decimal has one spelling' },
      },
    },
    {
      title: 'one of two columns of a key in another case',
      work: everywhere([
        [`UPDATE place SET b = 'ONE' WHERE a = 1`],
        [`UPDATE place SET b = 'TWO', n = 3 WHERE a = 2`, `UPDATE place SET a = 5 WHERE a = 2`],
        `INSERT INTO place VALUES (2, 'TWO', 9)`,
      ]),
    },
    {
      title: 'a key without its accents',
      work: {
        ...everywhere([`UPDATE nick SET id = 'ñick3' WHERE id = 'nick3'`]),
        sqlite: { not: 'its collations tell accents apart' },
      },
    },
  ],
};
