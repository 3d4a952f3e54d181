import type { AtFile } from './at-file.js';
import { DONE, createAtFile, newTag } from './at-file.js';

/** Statements of one local transaction, and the tables that must be as before after the undo. */
interface Case {
  readonly title: string;
  readonly tables: readonly string[];
  readonly statements: readonly string[];
}

const SETUP = `
  CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT, balance INT NOT NULL);
  INSERT INTO account VALUES (1, 'ada', 100), (2, 'ben', 200), (3, 'eve', 300);

  CREATE TABLE seat (id INTEGER PRIMARY KEY, place INT NOT NULL UNIQUE);
  INSERT INTO seat VALUES (1, 10), (2, 20), (3, 30);

  CREATE TABLE eager (id INTEGER PRIMARY KEY, name TEXT UNIQUE ON CONFLICT REPLACE);
  INSERT INTO eager VALUES (1, 'a'), (2, 'b');

  CREATE TABLE author (id INTEGER PRIMARY KEY, email TEXT UNIQUE);
  CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT,
    author INT REFERENCES author ON UPDATE CASCADE ON DELETE CASCADE);
  INSERT INTO author VALUES (1, 'a@x'), (2, 'b@x');
  INSERT INTO book VALUES (1, 'one', 1), (2, 'two', 1), (3, 'three', 2);

  CREATE TABLE country (code TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE city (id INTEGER PRIMARY KEY,
    country TEXT NOT NULL REFERENCES country ON UPDATE CASCADE ON DELETE RESTRICT);
  INSERT INTO country VALUES ('de', 'Germany'), ('fr', 'France');
  INSERT INTO city VALUES (1, 'de'), (2, 'fr');

  CREATE TABLE owner (id INTEGER PRIMARY KEY);
  CREATE TABLE dog (id INTEGER PRIMARY KEY, owner INT REFERENCES owner ON DELETE SET NULL);
  INSERT INTO owner VALUES (1), (2);
  INSERT INTO dog VALUES (1, 1), (2, 1), (3, 2);

  CREATE TABLE node (id INTEGER PRIMARY KEY, parent INT REFERENCES node ON DELETE CASCADE);
  INSERT INTO node VALUES (1, NULL), (2, 1), (3, 2), (4, 4);

  CREATE TABLE pair (a TEXT, b TEXT, n INT, PRIMARY KEY (a, b)) WITHOUT ROWID;
  INSERT INTO pair VALUES ('a_b', 'c', 1), ('a', 'b_c', 2), ('a,', 'b', 3), ('''', ''',''', 4);

  CREATE TABLE loose (k PRIMARY KEY NOT NULL, v);
  INSERT INTO loose VALUES (5, 'number'), ('5', 'text'), (x'35', 'blob'), (2.5, 'real');

  CREATE TABLE folded (name TEXT COLLATE NOCASE PRIMARY KEY NOT NULL, n INT);
  INSERT INTO folded VALUES ('Ada', 1), ('Ben', 2);

  CREATE TABLE padded (name TEXT PRIMARY KEY COLLATE RTRIM NOT NULL, n INT);
  INSERT INTO padded VALUES ('x  ', 1), ('y', 2);

  CREATE TABLE computed (id INTEGER PRIMARY KEY, a INT, twice INT AS (a * 2) STORED,
    half AS (a / 2) VIRTUAL);
  INSERT INTO computed (id, a) VALUES (1, 10), (2, 20);

  CREATE TABLE strict (id INTEGER PRIMARY KEY, t TEXT, a ANY) STRICT;
  INSERT INTO strict VALUES (1, 'x', '1'), (2, 'y', 1);

  CREATE TABLE "odd ""name" ("select" INTEGER PRIMARY KEY, "a b" TEXT, 'it''s' TEXT);
  INSERT INTO "odd ""name" VALUES (1, 'x', 'y');

  CREATE TABLE source (id INTEGER PRIMARY KEY, n INT);
  INSERT INTO source VALUES (1, 7), (2, 8), (9, 9);

  CREATE TABLE total (id INTEGER PRIMARY KEY, sum INT);
  CREATE TABLE line (id INTEGER PRIMARY KEY, n INT);
  INSERT INTO total VALUES (1, 3);
  INSERT INTO line VALUES (1, 1), (2, 2);
  CREATE TRIGGER line_in AFTER INSERT ON line BEGIN UPDATE total SET sum = sum + NEW.n; END;
  CREATE TRIGGER line_out AFTER DELETE ON line BEGIN UPDATE total SET sum = sum - OLD.n; END;
  CREATE TRIGGER line_on AFTER UPDATE ON line BEGIN UPDATE total SET sum = sum + NEW.n - OLD.n; END;

  CREATE TABLE stamped (id INTEGER PRIMARY KEY, n INT, version INT NOT NULL DEFAULT 0);
  INSERT INTO stamped VALUES (1, 1, 5), (2, 2, 6);
  CREATE TRIGGER stamp AFTER UPDATE ON stamped WHEN NEW.version = OLD.version
    BEGIN UPDATE stamped SET version = version + 1 WHERE id = NEW.id; END;
  CREATE TRIGGER stamp_new AFTER INSERT ON stamped
    BEGIN UPDATE stamped SET version = 100 WHERE id = NEW.id; END;

  CREATE VIEW rich AS SELECT * FROM account WHERE balance > 150;
  CREATE TRIGGER rich_out INSTEAD OF DELETE ON rich
    BEGIN DELETE FROM account WHERE id = OLD.id; END;
`;

const CASES: readonly Case[] = [
  {
    title: 'an update',
    tables: ['account'],
    statements: ['UPDATE account SET balance = balance - 60 WHERE id = 1'],
  },
  {
    title: 'an update that changes nothing',
    tables: ['account'],
    statements: ['UPDATE account SET balance = balance'],
  },
  {
    title: 'a delete of all rows, which SQLite would do at once',
    tables: ['account'],
    statements: ['DELETE FROM account'],
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
    title: 'REPLACE of a row by its key',
    tables: ['account'],
    statements: ["REPLACE INTO account VALUES (1, 'new', 1)"],
  },
  {
    title: 'REPLACE that removes two rows by key and unique value',
    tables: ['seat'],
    statements: ['INSERT OR REPLACE INTO seat VALUES (1, 20)'],
  },
  {
    title: 'a constraint of the table that replaces rows',
    tables: ['eager'],
    statements: ["UPDATE eager SET name = 'b' WHERE id = 1", "INSERT INTO eager VALUES (3, 'b')"],
  },
  {
    title: 'UPDATE OR REPLACE and INSERT OR IGNORE',
    tables: ['seat'],
    statements: [
      'UPDATE OR REPLACE seat SET place = 20 WHERE id = 1',
      'INSERT OR IGNORE INTO seat VALUES (3, 99), (4, 40)',
    ],
  },
  {
    title: 'an update from another table',
    tables: ['account', 'source'],
    statements: ['UPDATE account SET balance = n FROM source WHERE source.id = account.id'],
  },
  {
    title: 'an insert from a select',
    tables: ['account'],
    statements: ["INSERT INTO account SELECT id + 100, 'copy', n FROM source"],
  },
  {
    title: 'a common table expression that deletes',
    tables: ['account'],
    statements: [
      'WITH gone AS (SELECT id FROM source) DELETE FROM account WHERE id IN (SELECT id FROM gone)',
    ],
  },
  {
    title: 'a write through a view',
    tables: ['account'],
    statements: ['DELETE FROM rich'],
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
    title: 'a foreign key that sets NULL',
    tables: ['owner', 'dog'],
    statements: ['DELETE FROM owner WHERE id = 1'],
  },
  {
    title: 'a table that refers to itself',
    tables: ['node'],
    statements: ['DELETE FROM node'],
  },
  {
    title: 'rows that refer to inserted rows',
    tables: ['author', 'book'],
    statements: [
      "INSERT INTO author VALUES (9, 'c@x')",
      "INSERT INTO book VALUES (9, 'nine', 9)",
      'UPDATE book SET author = 9 WHERE id = 1',
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
    title: 'a change of the rowid',
    tables: ['account'],
    statements: [
      'UPDATE account SET rowid = 77 WHERE id = 1',
      'UPDATE account SET _rowid_ = 1 WHERE id = 77',
    ],
  },
  {
    title: 'keys that move along',
    tables: ['account'],
    statements: [
      'UPDATE account SET id = -id',
      'UPDATE account SET id = 1 - id',
      'UPDATE account SET balance = 0',
    ],
  },
  {
    title: 'unique values that are swapped',
    tables: ['seat'],
    statements: [
      'UPDATE seat SET place = 0 WHERE id = 1',
      'UPDATE seat SET place = 10 WHERE id = 2',
      'UPDATE seat SET place = 20 WHERE id = 1',
    ],
  },
  {
    title: 'unique values that go round',
    tables: ['seat'],
    statements: [
      'UPDATE seat SET place = 99 WHERE id = 1',
      'UPDATE seat SET place = 10 WHERE id = 3',
      'UPDATE seat SET place = 30 WHERE id = 2',
      'UPDATE seat SET place = 20 WHERE id = 1',
    ],
  },
  {
    title: 'composite keys that look alike',
    tables: ['pair'],
    statements: [
      "DELETE FROM pair WHERE a = 'a_b'",
      "UPDATE pair SET n = 0 WHERE a = 'a'",
      "UPDATE pair SET a = 'z' WHERE a = ''''",
      "INSERT INTO pair VALUES ('a', ',b', 9)",
    ],
  },
  {
    title: 'keys without a type',
    tables: ['loose'],
    statements: [
      "UPDATE loose SET v = 'changed'",
      "DELETE FROM loose WHERE k = '5'",
      "UPDATE loose SET k = 5.0 WHERE typeof(k) = 'integer'",
    ],
  },
  {
    title: 'a key that is spelled otherwise, where the collation does not mind',
    tables: ['folded', 'padded'],
    statements: [
      "UPDATE folded SET name = 'ADA', n = 9 WHERE name = 'ada'",
      "DELETE FROM folded WHERE name = 'BEN'",
      "INSERT INTO folded VALUES ('bEn', 3)",
      "UPDATE padded SET name = 'x' WHERE name = 'x'",
    ],
  },
  {
    title: 'generated columns',
    tables: ['computed'],
    statements: [
      'UPDATE computed SET a = 1 WHERE id = 1',
      'DELETE FROM computed WHERE id = 2',
      'INSERT INTO computed (id, a) VALUES (3, 30)',
    ],
  },
  {
    title: 'a STRICT table',
    tables: ['strict'],
    statements: [
      "UPDATE strict SET t = 'z', a = x'00' WHERE id = 1",
      'DELETE FROM strict WHERE id = 2',
    ],
  },
  {
    title: 'names that need quotes',
    tables: ['odd "name'],
    statements: [
      `UPDATE "odd ""name" SET "a b" = 'changed'`,
      `INSERT INTO "odd ""name" VALUES (2, 'new', 'row')`,
    ],
  },
  {
    title: 'triggers of the user that keep a sum',
    tables: ['line', 'total'],
    statements: [
      'INSERT INTO line VALUES (3, 10)',
      'UPDATE line SET n = 5 WHERE id = 1',
      'DELETE FROM line WHERE id = 2',
    ],
  },
  {
    title: 'a trigger of the user that changes the row itself',
    tables: ['stamped'],
    statements: [
      'UPDATE stamped SET n = 9 WHERE id = 1',
      'DELETE FROM stamped WHERE id = 2',
      'INSERT INTO stamped (id, n) VALUES (3, 3)',
    ],
  },
  {
    title: 'what comes before and behind a savepoint that is rolled back',
    tables: ['account'],
    statements: [
      'SAVEPOINT one',
      'UPDATE account SET balance = 0 WHERE id = 1',
      'ROLLBACK TO one',
      'UPDATE account SET balance = 1 WHERE id = 2',
    ],
  },
];

describe('undo of one branch on SQLite', () => {
  let file: AtFile;

  beforeEach(async () => {
    file = await createAtFile(SETUP);
  });
  afterEach(() => {
    file.drop();
  });

  it.each(CASES)('gives back: $title', async ({ statements, tables }) => {
    const before = file.rows(...tables);
    const tag = newTag();

    for (const statement of ['BEGIN OF BRANCH', ...statements]) {
      if (statement === 'BEGIN OF BRANCH') file.begin(tag);
      else if (statement.startsWith('ROLLBACK TO')) {
        file.capture.savepointMoved();
        file.database.exec(statement);
      } else if (statement.startsWith('SAVEPOINT')) file.database.exec(statement);
      else file.write(statement);
    }
    file.end('COMMIT');

    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.rows(...tables)).toEqual(before);
    expect(file.held()).toEqual([]);
  });

  it.each(CASES)('leaves nothing behind a commit: $title', async ({ statements, tables }) => {
    const tag = newTag();
    file.begin(tag);
    for (const statement of statements) {
      if (/SAVEPOINT|TO one/.test(statement)) file.database.exec(statement);
      else file.write(statement);
      file.capture.savepointMoved();
    }
    file.end('COMMIT');
    const after = file.rows(...tables);

    expect(await file.commit(tag)).toEqual(DONE);

    expect(file.rows(...tables)).toEqual(after);
    expect(file.held()).toEqual([]);
    expect(file.rows('dtx_branch_fence')).toEqual([]);
  });
});
