import type { ByDialect, Step } from '../work.js';
import { everywhere } from '../work.js';

/** What another global transaction does to what the first one, undecided, has written. */
export interface ConflictCase {
  readonly title: string;
  /** Of the holder, which is rolled back in the end. */
  readonly first: ByDialect<Step>;
  readonly second: ByDialect<Step>;
  /** `conflict`: it is refused. `passes`: it commits, and the holder's rollback keeps it. */
  readonly meets: 'conflict' | 'passes';
}

export const CONFLICT_TABLES = [
  'account',
  'other',
  'pair',
  'word',
  'leaf',
  'child',
  'parent',
  'item',
  'invoice',
];

const COMMON = `
  CREATE TABLE account (id INT PRIMARY KEY, owner VARCHAR(20) UNIQUE, n INT);
  CREATE TABLE other (id INT PRIMARY KEY, n INT);
  CREATE TABLE pair (a VARCHAR(20), b VARCHAR(20), x VARCHAR(20), y VARCHAR(20),
    PRIMARY KEY (a, b), UNIQUE (x, y));
  CREATE TABLE parent (id INT PRIMARY KEY, code VARCHAR(9) UNIQUE, note VARCHAR(20));
  CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id));
  CREATE TABLE leaf (id INT PRIMARY KEY, parent INT,
    FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE);
  CREATE TABLE invoice (id INT PRIMARY KEY, total INT NOT NULL);
  CREATE TABLE item (id INT PRIMARY KEY, invoice INT NOT NULL, price INT NOT NULL);`;

export const CONFLICT_SCHEMA: Readonly<Record<'postgres' | 'mariadb' | 'sqlite', string>> = {
  postgres: `${COMMON}
    CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE word (w VARCHAR(20) COLLATE caseless PRIMARY KEY, u VARCHAR(20) COLLATE caseless
      UNIQUE);
    CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN UPDATE invoice SET total = total + new.price WHERE id = new.invoice; RETURN NULL; END $$;
    CREATE TRIGGER add_up AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION add_up();`,
  mariadb: `${COMMON}
    CREATE TABLE word (w VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, u VARCHAR(20) COLLATE
      utf8mb4_general_ci UNIQUE);
    CREATE TRIGGER add_up AFTER INSERT ON item FOR EACH ROW
      UPDATE invoice SET total = total + new.price WHERE id = new.invoice;`,
  sqlite: `${COMMON}
    CREATE TABLE word (w VARCHAR(20) COLLATE NOCASE PRIMARY KEY, u VARCHAR(20) COLLATE NOCASE
      UNIQUE);
    CREATE TRIGGER add_up AFTER INSERT ON item BEGIN
      UPDATE invoice SET total = total + new.price WHERE id = new.invoice;
    END;`,
};

export const CONFLICT_SEED = `
  INSERT INTO account VALUES (1, 'ada', 100), (2, 'ben', 200), (3, NULL, 300);
  INSERT INTO other VALUES (1, 1), (2, 2);
  INSERT INTO pair VALUES ('a_b', 'c', 'p_q', 'r');
  INSERT INTO word VALUES ('w1', 'u1');
  INSERT INTO parent VALUES (1, 'one', ''), (2, 'two', ''), (3, 'three', '');
  INSERT INTO child VALUES (1, 1), (2, 2);
  INSERT INTO leaf VALUES (1, 3);
  INSERT INTO invoice VALUES (1, 0), (2, 0);`;

const both = (
  title: string,
  first: string,
  second: string,
  meets: ConflictCase['meets'],
): ConflictCase => ({ title, first: everywhere(first), second: everywhere(second), meets });

export const CONFLICTS: readonly ConflictCase[] = [
  both(
    'an update of a row that is updated',
    'UPDATE account SET n = 1 WHERE id = 1',
    'UPDATE account SET n = 2 WHERE id = 1',
    'conflict',
  ),
  both(
    'a delete of a row that is updated',
    'UPDATE account SET n = 1 WHERE id = 1',
    'DELETE FROM account WHERE id = 1',
    'conflict',
  ),
  both(
    'an update of a row that is inserted',
    `INSERT INTO account VALUES (9, 'new', 1)`,
    'UPDATE account SET n = 2 WHERE id = 9',
    'conflict',
  ),
  both(
    'an insert under the key of a row that is deleted',
    'DELETE FROM account WHERE id = 1',
    `INSERT INTO account VALUES (1, 'other', 1)`,
    'conflict',
  ),
  {
    title: 'an upsert of a row that is inserted',
    first: everywhere(`INSERT INTO account VALUES (9, 'new', 1)`),
    second: {
      postgres: `INSERT INTO account VALUES (9, 'x', 1) ON CONFLICT (id) DO UPDATE SET n = 7`,
      mariadb: `INSERT INTO account VALUES (9, 'x', 1) ON DUPLICATE KEY UPDATE n = 7`,
      sqlite: `INSERT INTO account VALUES (9, 'x', 1) ON CONFLICT (id) DO UPDATE SET n = 7`,
    },
    meets: 'conflict',
  },
  both(
    'an insert under a key that has been changed away',
    'UPDATE account SET id = 7 WHERE id = 1',
    `INSERT INTO account VALUES (1, 'other', 1)`,
    'conflict',
  ),
  both(
    'an update of a row under its changed key',
    'UPDATE account SET id = 7 WHERE id = 1',
    'UPDATE account SET n = 2 WHERE id = 7',
    'conflict',
  ),
  both(
    'an update of many rows of which one is held',
    'UPDATE account SET n = 1 WHERE id = 2',
    'UPDATE account SET n = n + 1',
    'conflict',
  ),
  both(
    'an update of another row',
    'UPDATE account SET n = 1 WHERE id = 1',
    'UPDATE account SET n = 2 WHERE id = 2',
    'passes',
  ),
  both(
    'an update of a row of another table with the same key',
    'UPDATE account SET n = 1 WHERE id = 1',
    'UPDATE other SET n = 2 WHERE id = 1',
    'passes',
  ),
  both(
    'an insert of a row that the holder would have changed too',
    'UPDATE account SET n = 1 WHERE n > 50',
    `INSERT INTO account VALUES (8, 'phantom', 60)`,
    'passes',
  ),
  both(
    'an insert of the unique value of a row that is deleted',
    'DELETE FROM account WHERE id = 1',
    `INSERT INTO account VALUES (9, 'ada', 1)`,
    'conflict',
  ),
  both(
    'an insert of a unique value that has been changed away',
    `UPDATE account SET owner = 'x' WHERE id = 1`,
    `INSERT INTO account VALUES (9, 'ada', 1)`,
    'conflict',
  ),
  both(
    'an update to a unique value that has been changed away',
    `UPDATE account SET owner = 'x' WHERE id = 1`,
    `UPDATE account SET owner = 'ada' WHERE id = 2`,
    'conflict',
  ),
  both(
    'an insert of another NULL in a unique column',
    'DELETE FROM account WHERE id = 3',
    'INSERT INTO account VALUES (9, NULL, 1)',
    'passes',
  ),
  both(
    'an insert of a unique value whose row is changed in another column',
    'UPDATE account SET n = 1 WHERE id = 1',
    `INSERT INTO account VALUES (9, 'eve', 1)`,
    'passes',
  ),
  both(
    'an insert of two unique values that read the same when they are joined',
    `DELETE FROM pair WHERE a = 'a_b'`,
    `INSERT INTO pair VALUES ('n', 'n', 'p', 'q_r')`,
    'passes',
  ),
  both(
    'an insert of the two unique values of a row that is deleted',
    `DELETE FROM pair WHERE a = 'a_b'`,
    `INSERT INTO pair VALUES ('n', 'n', 'p_q', 'r')`,
    'conflict',
  ),
  both(
    'an insert under a key of two columns that reads the same when it is joined',
    `DELETE FROM pair WHERE a = 'a_b'`,
    `INSERT INTO pair VALUES ('a', 'b_c', 'n', 'n')`,
    'passes',
  ),
  both(
    'an insert under the key of a deleted row in another case',
    `DELETE FROM word WHERE w = 'w1'`,
    `INSERT INTO word VALUES ('W1', 'other')`,
    'conflict',
  ),
  both(
    'an insert of the unique value of a deleted row in another case',
    `DELETE FROM word WHERE w = 'w1'`,
    `INSERT INTO word VALUES ('other', 'U1')`,
    'conflict',
  ),
  both(
    'a child of a parent that is inserted',
    `INSERT INTO parent VALUES (5, 'five', '')`,
    'INSERT INTO child VALUES (5, 5)',
    'conflict',
  ),
  both(
    'a child that moves to a parent that is inserted',
    `INSERT INTO parent VALUES (5, 'five', '')`,
    'UPDATE child SET parent = 5 WHERE id = 1',
    'conflict',
  ),
  both(
    'a child of a parent that is changed in another column',
    `UPDATE parent SET note = 'changed' WHERE id = 1`,
    'INSERT INTO child VALUES (5, 1)',
    'passes',
  ),
  both(
    'a delete of the parent of a child that is deleted',
    'DELETE FROM child WHERE id = 1',
    'DELETE FROM parent WHERE id = 1',
    'conflict',
  ),
  both(
    'a delete of the parent of a child that has moved away',
    'UPDATE child SET parent = 2 WHERE id = 1',
    'DELETE FROM parent WHERE id = 1',
    'conflict',
  ),
  both(
    'a change of the key of the parent of a child that is deleted',
    'DELETE FROM child WHERE id = 1',
    'UPDATE parent SET id = 9 WHERE id = 1',
    'conflict',
  ),
  both(
    'a delete of a parent that cascades to a child that is changed',
    'UPDATE leaf SET parent = 3, id = 2 WHERE id = 1',
    'DELETE FROM parent WHERE id = 3',
    'conflict',
  ),
  both(
    'an insert under the key of a child that a cascade has deleted',
    'DELETE FROM parent WHERE id = 3',
    'INSERT INTO leaf VALUES (1, 2)',
    'conflict',
  ),
  both(
    'a write whose trigger changes a row that a trigger has changed',
    'INSERT INTO item VALUES (1, 1, 5)',
    'INSERT INTO item VALUES (2, 1, 7)',
    'conflict',
  ),
  both(
    'a write whose trigger changes another row',
    'INSERT INTO item VALUES (1, 1, 5)',
    'INSERT INTO item VALUES (2, 2, 7)',
    'passes',
  ),
];
