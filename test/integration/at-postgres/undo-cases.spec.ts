import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

/** Statements of one local transaction, and the tables that must be as before after the undo. */
interface Case {
  readonly title: string;
  readonly tables: readonly string[];
  readonly statements: readonly string[];
}

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, owner text, balance int NOT NULL);
  INSERT INTO account VALUES (1, 'ada', 100), (2, 'ben', 200), (3, 'eve', 300);

  CREATE TABLE seat (id int PRIMARY KEY, place int NOT NULL UNIQUE);
  INSERT INTO seat VALUES (1, 10), (2, 20), (3, 30);

  CREATE TABLE booking (id int PRIMARY KEY, during int4range, EXCLUDE USING gist (during WITH &&));
  INSERT INTO booking VALUES (1, '[1,5)'), (2, '[5,9)');

  CREATE TABLE names (stored text, t int, i int, u int, c int, k int, b int, a int, n int, held int,
    tag int, pk text, tbl text, image text, current_image int, old_key int, gone int, changed int,
    PRIMARY KEY (stored, t));
  INSERT INTO names (stored, t) VALUES ('x', 1), ('y', 2), ('z', 3);

  CREATE SCHEMA types;
  CREATE EXTENSION citext SCHEMA types;
  CREATE TYPE types.kind AS ENUM ('small', 'big');
  CREATE TABLE spelled (name types.citext, kind types.kind, n int, PRIMARY KEY (name, kind));
  CREATE TABLE spelling (id int PRIMARY KEY, name types.citext, kind types.kind,
    FOREIGN KEY (name, kind) REFERENCES spelled ON UPDATE CASCADE ON DELETE CASCADE);
  INSERT INTO spelled VALUES ('Ada', 'small', 1), ('Ben', 'big', 2);
  INSERT INTO spelling VALUES (1, 'aDA', 'small'), (2, 'BEN', 'big');

  CREATE SCHEMA "more.types";
  CREATE EXTENSION hstore SCHEMA "more.types";
  CREATE EXTENSION ltree SCHEMA "more.types";
  CREATE TYPE "more.types"."a kind" AS ENUM ('small', 'big');
  CREATE TABLE sorted (path "more.types".ltree, kind "more.types"."a kind",
    facts "more.types".hstore, n int UNIQUE, PRIMARY KEY (path, kind, facts));
  CREATE TABLE sorting (id int PRIMARY KEY, path "more.types".ltree,
    kind "more.types"."a kind", facts "more.types".hstore,
    FOREIGN KEY (path, kind, facts) REFERENCES sorted ON UPDATE CASCADE ON DELETE CASCADE);
  INSERT INTO sorted VALUES ('Top', 'small', 'a=>1', 1), ('Top.A', 'big', 'b=>2', 2);
  INSERT INTO sorting VALUES (1, 'Top', 'small', 'a=>1'), (2, 'Top.A', 'big', 'b=>2');

  CREATE TABLE author (id int PRIMARY KEY, email text UNIQUE);
  CREATE TABLE book (id int PRIMARY KEY, title text,
    author int REFERENCES author ON UPDATE CASCADE ON DELETE CASCADE);
  INSERT INTO author VALUES (1, 'a@x'), (2, 'b@x');
  INSERT INTO book VALUES (1, 'one', 1), (2, 'two', 1), (3, 'three', 2);

  CREATE TABLE country (code text PRIMARY KEY, name text NOT NULL UNIQUE);
  CREATE TABLE city (id int PRIMARY KEY,
    country text NOT NULL REFERENCES country ON UPDATE CASCADE);
  INSERT INTO country VALUES ('de', 'Germany'), ('fr', 'France');
  INSERT INTO city VALUES (1, 'de'), (2, 'fr');

  CREATE TABLE node (id int PRIMARY KEY, parent int REFERENCES node ON DELETE CASCADE);
  INSERT INTO node VALUES (1, NULL), (2, 1), (3, 2);

  CREATE TABLE event (id int, region text, note text, PRIMARY KEY (id, region))
    PARTITION BY LIST (region);
  CREATE TABLE event_eu (note text, gone int, region text NOT NULL, id int NOT NULL);
  ALTER TABLE event_eu DROP COLUMN gone;
  ALTER TABLE event ATTACH PARTITION event_eu FOR VALUES IN ('eu');
  CREATE TABLE event_us PARTITION OF event FOR VALUES IN ('us');
  INSERT INTO event VALUES (1, 'eu', 'x'), (2, 'us', 'y');

  CREATE TABLE folder (id int PRIMARY KEY, name text);
  CREATE TABLE subfolder (PRIMARY KEY (id), depth int) INHERITS (folder);
  INSERT INTO folder VALUES (1, 'root');
  INSERT INTO subfolder VALUES (1, 'also one', 2);

  CREATE FUNCTION transfer(source int, target int, amount int) RETURNS int LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE account SET balance = balance - amount WHERE id = source;
    UPDATE account SET balance = balance + amount WHERE id = target;
    RETURN amount;
  END $$;
  CREATE VIEW rich AS SELECT * FROM account WHERE balance > 150;
`;

const CASES: readonly Case[] = [
  {
    title: 'an update',
    tables: ['account'],
    statements: ['UPDATE account SET balance = balance - 60 WHERE id = 1'],
  },
  {
    title: 'a function that writes',
    tables: ['account'],
    statements: ['SELECT transfer(1, 2, 30)'],
  },
  {
    title: 'a foreign key that cascades a delete',
    tables: ['author', 'book'],
    statements: ['DELETE FROM author WHERE id = 1'],
  },
  {
    title: 'a change of a key that a foreign key cascades',
    tables: ['author', 'book'],
    statements: ['UPDATE author SET id = 7 WHERE id = 1'],
  },
  {
    title: 'a change of a key that a foreign key cascades, with another unique column',
    tables: ['country', 'city'],
    statements: ["UPDATE country SET code = 'ger' WHERE code = 'de'"],
  },
  {
    title: 'an upsert that inserts and updates',
    tables: ['account'],
    statements: [
      `INSERT INTO account VALUES (3, 'new', 1), (4, 'dot', 400)
       ON CONFLICT (id) DO UPDATE SET balance = excluded.balance`,
    ],
  },
  {
    title: 'a common table expression that writes',
    tables: ['account', 'seat'],
    statements: [
      `WITH gone AS (DELETE FROM seat WHERE id = 1 RETURNING place)
       UPDATE account SET balance = balance + place FROM gone WHERE account.id = 1`,
    ],
  },
  {
    title: 'a merge',
    tables: ['account'],
    statements: [
      `MERGE INTO account a USING (VALUES (1, 5), (9, 9), (2, 0)) AS v (id, amount) ON a.id = v.id
       WHEN MATCHED AND v.amount = 0 THEN DELETE
       WHEN MATCHED THEN UPDATE SET balance = a.balance + v.amount
       WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'merged', v.amount)`,
    ],
  },
  {
    title: 'several statements in one text',
    tables: ['account'],
    statements: [
      "UPDATE account SET balance = 1 WHERE id = 1; DELETE FROM account WHERE owner = 'ben'",
    ],
  },
  {
    title: 'insert, update and delete of one row',
    tables: ['account'],
    statements: [
      "INSERT INTO account VALUES (5, 'x', 1)",
      'UPDATE account SET balance = 2 WHERE id = 5',
      'DELETE FROM account WHERE id = 5',
    ],
  },
  {
    title: 'insert, delete and insert of one row',
    tables: ['account'],
    statements: [
      "INSERT INTO account VALUES (5, 'x', 1)",
      'DELETE FROM account WHERE id = 5',
      "INSERT INTO account VALUES (5, 'y', 2)",
    ],
  },
  {
    title: 'delete and insert of one key',
    tables: ['account'],
    statements: ['DELETE FROM account WHERE id = 1', "INSERT INTO account VALUES (1, 'other', 0)"],
  },
  {
    title: 'two updates of one row',
    tables: ['account'],
    statements: ['UPDATE account SET balance = 1 WHERE id = 1', "UPDATE account SET owner = 'z'"],
  },
  {
    title: 'an update there and back',
    tables: ['account'],
    statements: [
      'UPDATE account SET balance = 1 WHERE id = 1',
      'UPDATE account SET balance = 100 WHERE id = 1',
      'UPDATE account SET balance = 2 WHERE id = 1',
    ],
  },
  {
    title: 'swapped unique values',
    tables: ['seat'],
    statements: [
      'UPDATE seat SET place = -1 WHERE id = 1',
      'UPDATE seat SET place = 10 WHERE id = 2',
      'UPDATE seat SET place = 20 WHERE id = 1',
    ],
  },
  {
    title: 'swapped unique values of rows that a foreign key would delete others with',
    tables: ['author', 'book'],
    statements: [
      "UPDATE author SET email = 'c@x' WHERE id = 1",
      "UPDATE author SET email = 'a@x' WHERE id = 2",
      "UPDATE author SET email = 'b@x' WHERE id = 1",
    ],
  },
  {
    title: 'swapped values that exclude each other',
    tables: ['booking'],
    statements: [
      "UPDATE booking SET during = '[90,91)' WHERE id = 1",
      "UPDATE booking SET during = '[1,5)' WHERE id = 2",
      "UPDATE booking SET during = '[5,9)' WHERE id = 1",
    ],
  },
  {
    title: 'unique values that went round three rows, one of them new',
    tables: ['seat'],
    statements: [
      'UPDATE seat SET place = -1 WHERE id = 1',
      'UPDATE seat SET place = 10 WHERE id = 2',
      'INSERT INTO seat VALUES (4, 20)',
      'DELETE FROM seat WHERE id = 3',
      'UPDATE seat SET place = 30 WHERE id = 1',
    ],
  },
  {
    title: 'swapped keys',
    tables: ['account'],
    statements: [
      'UPDATE account SET id = -1 WHERE id = 1',
      'UPDATE account SET id = 1 WHERE id = 2',
      'UPDATE account SET id = 2 WHERE id = -1',
    ],
  },
  {
    title: 'keys that move up by one in one statement',
    tables: ['account'],
    statements: ['UPDATE account SET id = id + 10', 'UPDATE account SET id = id - 9'],
  },
  {
    title: 'a table whose columns are called like our own names',
    tables: ['names'],
    statements: [
      "UPDATE names SET i = 1, k = 2, held = 3 WHERE stored = 'x'",
      "DELETE FROM names WHERE stored = 'y'",
      "INSERT INTO names (stored, t) VALUES ('y', 2)",
      'UPDATE names SET t = t + 1',
    ],
  },
  {
    title: 'keys of types that are not the system’s, under another spelling',
    tables: ['spelled', 'spelling'],
    statements: [
      "UPDATE spelled SET name = 'ADA', n = 5 WHERE kind = 'small'",
      "DELETE FROM spelled WHERE name = 'Ben'::types.citext",
      "INSERT INTO spelled VALUES ('ben', 'big', 3)",
      "UPDATE spelled SET kind = 'small' WHERE kind = 'big'",
    ],
  },
  {
    title: 'keys of types whose schema has a dot in its name',
    tables: ['sorted', 'sorting'],
    statements: [
      "UPDATE sorted SET n = 7 WHERE kind = 'small'",
      "UPDATE sorted SET path = 'Top.B' WHERE kind = 'small'",
      "DELETE FROM sorted WHERE kind = 'big'",
      "INSERT INTO sorted VALUES ('Top.C', 'big', '', 8)",
    ],
  },
  {
    title: 'other columns of rows that have such keys and are referred to',
    tables: ['sorted', 'sorting'],
    statements: ['UPDATE sorted SET n = n + 10'],
  },
  {
    title: 'a move between partitions',
    tables: ['event'],
    statements: ["UPDATE event SET region = 'us' WHERE id = 1"],
  },
  {
    title: 'writes to a partition whose columns stand in another order',
    tables: ['event'],
    statements: [
      "UPDATE event_eu SET note = 'changed'",
      "INSERT INTO event VALUES (5, 'eu', 'new')",
      "DELETE FROM event WHERE region = 'us'",
    ],
  },
  {
    title: 'tables that inherit, with one key in both',
    tables: ['folder', 'subfolder'],
    statements: ["UPDATE folder SET name = name || '!'", 'DELETE FROM ONLY folder'],
  },
  {
    title: 'a DO block',
    tables: ['account'],
    statements: [`DO $$ BEGIN DELETE FROM account WHERE id = 1; PERFORM transfer(2, 3, 5); END $$`],
  },
  {
    title: 'an insert from a select',
    tables: ['account'],
    statements: ['INSERT INTO account SELECT id + 100, owner, balance FROM account'],
  },
  {
    title: 'an update that changes nothing',
    tables: ['account'],
    statements: ['UPDATE account SET balance = balance'],
  },
  {
    title: 'an update through a view',
    tables: ['account'],
    statements: ['UPDATE rich SET balance = balance + 1'],
  },
  {
    title: 'a tree that is deleted and one that is planted',
    tables: ['node'],
    statements: ['DELETE FROM node WHERE id = 2', 'INSERT INTO node VALUES (8, NULL), (9, 8)'],
  },
  {
    title: 'a child that is first changed and then given a new parent',
    tables: ['author', 'book'],
    statements: [
      "UPDATE book SET title = 'renamed' WHERE id = 1",
      "INSERT INTO author VALUES (5, 'new@x')",
      'UPDATE book SET author = 5 WHERE id = 1',
    ],
  },
  {
    title: 'a prepared insert of many rows',
    tables: ['account'],
    statements: [
      'PREPARE many AS INSERT INTO account SELECT n, $1, n FROM generate_series(1000, 1400) n',
      "EXECUTE many ('bulk')",
      "UPDATE account SET balance = 0 WHERE owner = 'bulk'",
    ],
  },
];

describe('A rolled back branch', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  afterAll(async () => {
    await database.drop();
  });

  it.each(CASES)('leaves nothing of $title', async ({ statements, tables }) => {
    const before = await database.rows(...tables);
    const tag = newTag();
    await database.branch(tag, ...statements);
    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.not.toHaveLength(0);

    await expect(database.rollback(tag)).resolves.toEqual(DONE);

    await expect(database.rows(...tables)).resolves.toEqual(before);
    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toHaveLength(0);
  });
});
