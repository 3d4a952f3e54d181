import type { ByDialect, Step } from '../work.js';
import { everywhere } from '../work.js';

/** What must not happen inside a global transaction, since nobody could take it back. */
export interface Refusal {
  readonly title: string;
  readonly step: ByDialect<Step>;
  readonly message: RegExp;
}

const LINKED = `
  CREATE TABLE parent (id INT PRIMARY KEY);
  CREATE TABLE child (id INT PRIMARY KEY, parent INT,
    FOREIGN KEY (parent) REFERENCES parent (id) ON UPDATE CASCADE);
  CREATE TABLE node (id INT PRIMARY KEY, parent INT,
    FOREIGN KEY (parent) REFERENCES node (id) ON DELETE CASCADE);`;

export const REFUSAL_SCHEMA: ByDialect<string> = {
  postgres: `${LINKED} CREATE TABLE account (id INT PRIMARY KEY, n INT);
    CREATE TABLE keyless (n INT);
    CREATE FUNCTION write_keyless() RETURNS int LANGUAGE sql AS
      'INSERT INTO keyless VALUES (2) RETURNING n'`,
  mariadb: `${LINKED} CREATE TABLE account (id INT PRIMARY KEY, n INT);
    CREATE TABLE keyless (n INT);
    CREATE PROCEDURE write_keyless() INSERT INTO keyless VALUES (2)`,
  sqlite: `${LINKED} CREATE TABLE account (id INT PRIMARY KEY, n INT);
    CREATE TABLE keyless (n INT)`,
};

export const REFUSAL_TABLES = ['account', 'keyless', 'child', 'parent', 'node'];
export const REFUSAL_SEED = `
  INSERT INTO account VALUES (1, 100), (2, 200);
  INSERT INTO keyless VALUES (1);
  INSERT INTO parent VALUES (1);
  INSERT INTO child VALUES (1, 1);
  INSERT INTO node VALUES (1, NULL), (2, 1);`;

const CAPTURED = { not: 'it is captured' };

const WRITE = 'UPDATE account SET n = 0 WHERE id = 1';

const everywhereIn = (title: string, statement: string, message: RegExp): readonly Refusal[] => [
  { title, step: everywhere(statement), message },
  {
    title: `${title}, behind a write of the same local transaction`,
    step: everywhere([WRITE, statement]),
    message,
  },
];

export const REFUSALS: readonly Refusal[] = [
  ...everywhereIn('CREATE TABLE', 'CREATE TABLE made (id INT PRIMARY KEY)', /CREATE.* is refused/),
  ...everywhereIn('ALTER TABLE', 'ALTER TABLE account ADD COLUMN extra INT', /ALTER.* is refused/),
  ...everywhereIn('DROP TABLE', 'DROP TABLE account', /DROP.* is refused/),
  ...everywhereIn('CREATE INDEX', 'CREATE INDEX made ON account (n)', /CREATE.* is refused/),
  ...everywhereIn(
    'an insert without a primary key',
    'INSERT INTO keyless VALUES (2)',
    /primary key/,
  ),
  ...everywhereIn('a delete without a primary key', 'DELETE FROM keyless', /primary key/),
  {
    title: 'TRUNCATE',
    step: {
      postgres: [WRITE, 'TRUNCATE account'],
      mariadb: [WRITE, 'TRUNCATE TABLE account'],
      sqlite: { not: 'SQLite has no TRUNCATE' },
    },
    message: /TRUNCATE.*refused/,
  },
  {
    title: 'TRUNCATE inside a routine',
    step: {
      postgres: [WRITE, `DO $$ BEGIN TRUNCATE account; END $$`],
      mariadb: [WRITE, `BEGIN NOT ATOMIC TRUNCATE TABLE account; END`],
      sqlite: { not: 'SQLite has no routines' },
    },
    message: /TRUNCATE|refused/,
  },
  {
    title: 'a table made from a SELECT',
    step: {
      postgres: 'SELECT * INTO made FROM account',
      mariadb: 'CREATE TABLE made AS SELECT * FROM account',
      sqlite: 'CREATE TABLE made AS SELECT * FROM account',
    },
    message: /refused/,
  },
  {
    title: 'COPY FROM',
    step: {
      postgres: 'COPY account FROM STDIN',
      mariadb: { not: 'MariaDB has LOAD DATA' },
      sqlite: { not: 'SQLite has none' },
    },
    message: /COPY FROM is refused/,
  },
  {
    title: 'LOAD DATA',
    step: {
      postgres: { not: 'PostgreSQL has COPY' },
      mariadb: `LOAD DATA LOCAL INFILE '/nowhere' INTO TABLE account`,
      sqlite: { not: 'SQLite has none' },
    },
    message: /LOAD.*refused/,
  },
  {
    title: 'a write to a table without a primary key, inside a routine',
    step: {
      postgres: 'SELECT write_keyless()',
      mariadb: 'CALL write_keyless()',
      sqlite: { not: 'SQLite has no routines' },
    },
    message: /primary key/,
  },
  {
    title: 'a statement that would take the mark away',
    step: {
      postgres: [WRITE, 'RESET ALL'],
      mariadb: [WRITE, 'SET @dtx_tag = NULL'],
      sqlite: { not: 'the mark cannot be reached by SQL' },
    },
    message: /refused/,
  },
  {
    title: 'maintenance',
    step: {
      postgres: 'VACUUM account',
      mariadb: [WRITE, 'OPTIMIZE TABLE account'],
      sqlite: 'VACUUM',
    },
    message: /refused/,
  },
  {
    title: 'a lock of tables, which ends the local transaction',
    step: {
      postgres: { not: 'its locks end nothing' },
      mariadb: [WRITE, 'LOCK TABLES account WRITE'],
      sqlite: { not: 'SQLite has none' },
    },
    message: /refused/,
  },
  {
    title: 'a foreign key check that is switched off',
    step: {
      postgres: { not: 'it needs a superuser' },
      mariadb: { not: 'it changes what is checked, not what is captured' },
      sqlite: 'PRAGMA foreign_keys = OFF',
    },
    message: /refused/,
  },
  {
    title: 'another database that is attached',
    step: {
      postgres: { not: 'PostgreSQL has none' },
      mariadb: { not: 'MariaDB has none' },
      sqlite: `ATTACH ':memory:' AS elsewhere`,
    },
    message: /refused/,
  },
  {
    title: 'a change of a key that a foreign key carries on',
    step: { postgres: CAPTURED, mariadb: 'UPDATE parent SET id = 7', sqlite: CAPTURED },
    message: /foreign key would carry the new key/,
  },
  {
    title: 'a delete that a foreign key carries on in the same table',
    step: { postgres: CAPTURED, mariadb: 'DELETE FROM node WHERE id = 1', sqlite: CAPTURED },
    message: /foreign key would delete or change further rows of node/,
  },
  {
    title: 'a statement that is prepared from a text',
    step: {
      postgres: CAPTURED,
      mariadb: [WRITE, `PREPARE one FROM 'DELETE FROM account'`],
      sqlite: { not: 'SQLite has none' },
    },
    message: /PREPARE is refused/,
  },
  {
    title: 'an executable comment',
    step: {
      postgres: { not: 'PostgreSQL has none' },
      mariadb: [WRITE, '/*!50000 DELETE FROM account */'],
      sqlite: { not: 'SQLite has none' },
    },
    message: /executable comment/,
  },
];
