import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

/** Two rows exchange a value of the column, by way of a third one. */
const swap = (
  column: string,
  [first, second]: readonly [string, string],
  by: string,
  table = 'guest',
) =>
  everywhere([
    [
      `UPDATE ${table} SET ${column} = ${by} WHERE id = 1`,
      `UPDATE ${table} SET ${column} = ${first} WHERE id = 2`,
      `UPDATE ${table} SET ${column} = ${second} WHERE id = 1`,
    ],
  ]);

const TABLES = `
  CREATE TABLE house (id INT PRIMARY KEY);
  CREATE TABLE guest (id INT PRIMARY KEY, mail VARCHAR(40) NOT NULL UNIQUE,
    nick VARCHAR(9) UNIQUE, seat INT NOT NULL UNIQUE, born DATE NOT NULL UNIQUE,
    stars INT NOT NULL UNIQUE CHECK (stars BETWEEN 1 AND 9),
    house INT NOT NULL, door VARCHAR(2) NOT NULL, host INT, UNIQUE (house, door),
    FOREIGN KEY (host) REFERENCES guest (id) ON DELETE CASCADE,
    FOREIGN KEY (house) REFERENCES house (id));
  CREATE TABLE stay (id INT PRIMARY KEY, guest INT,
    FOREIGN KEY (guest) REFERENCES guest (id) ON DELETE CASCADE);
  CREATE TABLE bill (id INT PRIMARY KEY, guest INT,
    FOREIGN KEY (guest) REFERENCES guest (id));
  CREATE TABLE card (id INT PRIMARY KEY, guest INT,
    FOREIGN KEY (guest) REFERENCES guest (id) ON DELETE SET NULL);
  CREATE TABLE pass (id INT PRIMARY KEY, code INT NOT NULL UNIQUE);
  CREATE TABLE passage (id INT PRIMARY KEY, pass INT,
    FOREIGN KEY (pass) REFERENCES pass (id) ON DELETE CASCADE);
  CREATE TABLE gate (id INT PRIMARY KEY, code INT,
    FOREIGN KEY (code) REFERENCES pass (code) ON DELETE SET NULL ON UPDATE CASCADE);
  CREATE TABLE login (id INT PRIMARY KEY, mail VARCHAR(40) NOT NULL, seat INT NOT NULL,
    nick VARCHAR(9) NOT NULL,
    handle VARCHAR(40) GENERATED ALWAYS AS (lower(mail)) STORED UNIQUE,
    place INT GENERATED ALWAYS AS (abs(seat)) STORED UNIQUE);
  CREATE TABLE signin (id INT PRIMARY KEY, login INT,
    FOREIGN KEY (login) REFERENCES login (id) ON DELETE CASCADE)`;

/** MariaDB has no such index. */
const OVER_EXPRESSIONS = 'CREATE UNIQUE INDEX login_nick ON login (lower(nick))';

/** Rows that wait for each other's values, and cannot go meanwhile: others refer to them. */
export const SWAPS: CaseGroup = {
  title: 'unique values of rows that others refer to',
  tables: ['stay', 'bill', 'card', 'gate', 'passage', 'signin', 'guest', 'house', 'pass', 'login'],
  schema: {
    postgres: `${TABLES};${OVER_EXPRESSIONS}`,
    mariadb: TABLES,
    sqlite: `${TABLES};${OVER_EXPRESSIONS}`,
  },
  seed: `
    INSERT INTO house VALUES (1), (2);
    INSERT INTO guest (id, mail, nick, seat, born, stars, house, door) VALUES
      (1, 'ada@x', 'ada', 11, '2001-01-01', 1, 1, 'a'),
      (2, 'ben@x', 'ben', 12, '2002-02-02', 2, 1, 'b'),
      (3, 'cid@x', NULL, 13, '2003-03-03', 3, 2, 'a');
    INSERT INTO stay VALUES (1, 1), (2, 2);
    INSERT INTO bill VALUES (1, 2), (2, 3);
    INSERT INTO card VALUES (1, 1), (2, 3);
    INSERT INTO pass VALUES (1, 11), (2, 12), (3, 13);
    INSERT INTO passage VALUES (1, 1), (2, 2);
    INSERT INTO gate VALUES (1, 13);
    INSERT INTO login (id, mail, seat, nick) VALUES
      (1, 'Ada@x', 11, 'Ada'), (2, 'Ben@x', 12, 'Ben');
    INSERT INTO signin VALUES (1, 1), (2, 2);`,
  cases: [
    { title: 'a text that changes places', work: swap('mail', [`'ada@x'`, `'ben@x'`], `'-'`) },
    { title: 'one that may be NULL', work: swap('nick', [`'ada'`, `'ben'`], 'NULL') },
    { title: 'a number', work: swap('seat', ['11', '12'], '-1') },
    { title: 'a date', work: swap('born', [`'2001-01-01'`, `'2002-02-02'`], `'1999-09-09'`) },
    { title: 'a number with a check', work: swap('stars', ['1', '2'], '9') },
    { title: 'a part of a key of two columns', work: swap('door', [`'a'`, `'b'`], `'c'`) },
    {
      title: 'a text from which a unique value is generated',
      work: swap('mail', [`'ada@X'`, `'ben@X'`], `'-'`, 'login'),
    },
    {
      title: 'a number from which a unique value is generated',
      work: swap('seat', ['-11', '-12'], '-1', 'login'),
    },
    {
      title: 'a text whose lower case is unique',
      work: swap('nick', [`'adA'`, `'beN'`], `'-'`, 'login'),
    },
    {
      title: 'values of a column that others refer to, but not to these',
      work: everywhere([
        [
          'UPDATE pass SET code = -1 WHERE id = 1',
          'UPDATE pass SET code = 11 WHERE id = 2',
          'UPDATE pass SET code = 12 WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'several at once, in two branches',
      work: everywhere([
        [
          `UPDATE guest SET mail = '-', seat = -1, nick = NULL WHERE id = 1`,
          `UPDATE guest SET mail = 'ada@x', seat = 11, nick = 'ada' WHERE id = 2`,
          `UPDATE guest SET mail = 'ben@x', seat = 12, nick = 'ben' WHERE id = 1`,
        ],
        [
          `UPDATE guest SET born = '1999-09-09' WHERE id = 2`,
          `UPDATE guest SET born = '2002-02-02' WHERE id = 3`,
          `UPDATE guest SET born = '2003-03-03' WHERE id = 2`,
        ],
      ]),
    },
    {
      title: 'values that go round three rows, a new one, and one that is gone',
      work: everywhere([
        [
          'DELETE FROM stay WHERE id = 1',
          'DELETE FROM card WHERE id = 1',
          `UPDATE guest SET seat = -1 WHERE id = 2`,
          `UPDATE guest SET seat = 12 WHERE id = 3`,
          `UPDATE guest SET seat = 13 WHERE id = 2`,
          'DELETE FROM guest WHERE id = 1',
          `INSERT INTO guest VALUES (4, 'ada@x', 'ada', 11, '2001-01-01', 1, 1, 'a', NULL)`,
          `UPDATE guest SET nick = 'cid' WHERE id = 3`,
        ],
      ]),
    },
    {
      title: 'a value that a new row has, to which the old one refers by now',
      work: everywhere([
        [
          `UPDATE guest SET mail = '-' WHERE id = 1`,
          `INSERT INTO guest VALUES (4, 'ada@x', 'eve', 14, '2004-04-04', 4, 1, 'd', NULL)`,
          'UPDATE guest SET host = 4 WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'beside a row that comes and refers to another one that comes',
      work: everywhere([
        [
          `UPDATE guest SET mail = '-' WHERE id = 1`,
          `UPDATE guest SET mail = 'ada@x' WHERE id = 2`,
          `UPDATE guest SET mail = 'ben@x' WHERE id = 1`,
          'INSERT INTO house VALUES (3)',
          `INSERT INTO guest VALUES (5, 'eve@x', 'eve', 15, '2005-05-05', 5, 3, 'a', NULL)`,
          'UPDATE bill SET guest = 5',
        ],
      ]),
    },
  ],
};
