import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, UNDO_ROWS, createAtDatabase, newTag, reasonOf } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, owner varchar(20) UNIQUE, balance int,
    doubled int AS (balance * 2), tripled int AS (balance * 3) STORED,
    seen timestamp(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6));
  CREATE TABLE parent (id int PRIMARY KEY, name varchar(20));
  CREATE TABLE child (id int PRIMARY KEY, parent_id int, FOREIGN KEY (parent_id)
    REFERENCES parent (id) ON DELETE CASCADE);
  CREATE TABLE grandchild (id int PRIMARY KEY, child_id int, FOREIGN KEY (child_id)
    REFERENCES child (id) ON DELETE CASCADE);
  CREATE TABLE guest (id int PRIMARY KEY, parent_id int, FOREIGN KEY (parent_id)
    REFERENCES parent (id) ON DELETE SET NULL);
  CREATE TABLE label (name varchar(20) PRIMARY KEY, n int)
    CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
  CREATE TABLE counted (id int AUTO_INCREMENT PRIMARY KEY, n int);
  CREATE TABLE journal (id int AUTO_INCREMENT PRIMARY KEY, account_id int, note varchar(40));
  CREATE TABLE watched (id int PRIMARY KEY, n int);
  CREATE TRIGGER note_watched AFTER UPDATE ON watched FOR EACH ROW
    INSERT INTO journal (account_id, note) VALUES (NEW.id, CONCAT(OLD.n, '-', NEW.n));
  CREATE TABLE total (id int PRIMARY KEY, n int);
  CREATE TABLE item (id int PRIMARY KEY, n int);
  CREATE TRIGGER sum_items AFTER UPDATE ON item FOR EACH ROW
    UPDATE total SET n = n + NEW.n - OLD.n WHERE id = 1;
  CREATE VIEW rich AS SELECT * FROM account WHERE balance > 150;
  CREATE PROCEDURE pay() BEGIN
    UPDATE account SET balance = balance - 1 WHERE id = 1;
    INSERT INTO journal (account_id, note) VALUES (1, 'paid');
  END;
`;

const TABLES = [
  ...['account', 'parent', 'child', 'grandchild', 'guest', 'label', 'counted', 'watched'],
  ...['total', 'item'],
];

const RESET = `
  ${[...TABLES, 'journal'].map((table) => `DELETE FROM ${table};`).join(' ')}
  SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
  INSERT INTO account (id, owner, balance, seen) VALUES (1, 'ann', 100, '2020-01-01'),
    (2, 'bob', 200, NULL), (3, NULL, 300, NULL);
  INSERT INTO parent VALUES (1, 'p1'), (2, 'p2');
  INSERT INTO child VALUES (10, 1), (11, 1), (12, 2), (13, NULL);
  INSERT INTO grandchild VALUES (100, 10), (101, 12);
  INSERT INTO guest VALUES (20, 1), (21, 2);
  INSERT INTO label VALUES ('w1', 1);
  INSERT INTO counted VALUES (0, 1), (5, 2);
  INSERT INTO watched VALUES (1, 1);
  INSERT INTO total VALUES (1, 10);
  INSERT INTO item VALUES (1, 4), (2, 6);
`;

const CASES: readonly (readonly [title: string, ...statements: readonly string[]])[] = [
  ['an update', 'UPDATE account SET balance = 0'],
  ['an insert', "INSERT INTO account (id, owner) VALUES (4, 'dan')"],
  ['a delete', 'DELETE FROM account WHERE id = 1'],
  ['a procedure', 'CALL pay()'],
  [
    'an upsert',
    "INSERT INTO account (id, owner, balance) VALUES (1, 'x', 1), (9, 'y', 2) " +
      'ON DUPLICATE KEY UPDATE balance = -1',
  ],
  ['REPLACE by the key', "REPLACE INTO account (id, owner, balance) VALUES (1, 'eve', 7)"],
  ['REPLACE that removes two rows', "REPLACE INTO account (id, owner) VALUES (1, 'bob')"],
  ['INSERT IGNORE', "INSERT IGNORE INTO account (id, owner) VALUES (1, 'x'), (7, 'bob'), (8, 'z')"],
  [
    'an update of several tables',
    'UPDATE account a JOIN watched w ON w.id = a.id SET a.balance = 5, w.n = 6',
  ],
  ['a delete from several tables', 'DELETE a, w FROM account a JOIN watched w ON w.id = a.id'],
  ['an update in an order', 'UPDATE account SET balance = 1 ORDER BY id DESC LIMIT 2'],
  ['an insert from a select', 'INSERT INTO counted (n) SELECT id FROM account'],
  ['a key that differs in case', 'DELETE FROM label', "INSERT INTO label VALUES ('W1', 2)"],
  ['a key whose case is changed', "UPDATE label SET name = 'W1'"],
  ['an executable comment', '/*!50000 UPDATE account SET balance = 3 */'],
  ['an assignment to a variable', 'UPDATE account SET balance = (@x := 5)'],
  ['a change of the key', 'UPDATE account SET id = id + 10 ORDER BY id DESC'],
  [
    'insert, update, delete of one row',
    "INSERT INTO account (id, owner) VALUES (4, 'dan')",
    'UPDATE account SET balance = 4 WHERE id = 4',
    'DELETE FROM account WHERE id = 4',
  ],
  [
    'a row that comes, goes and comes again',
    "INSERT INTO account (id, owner) VALUES (4, 'dan')",
    'DELETE FROM account WHERE id = 4',
    "INSERT INTO account (id, owner) VALUES (4, 'don')",
  ],
  [
    'a row that goes and comes',
    'DELETE FROM account WHERE id = 1',
    "INSERT INTO account (id, owner) VALUES (1, 'new')",
  ],
  ['two updates', 'UPDATE account SET balance = 1', 'UPDATE account SET balance = 2'],
  ['an update that changes nothing', 'UPDATE account SET balance = balance'],
  [
    'swapped unique values',
    "UPDATE account SET owner = 'tmp' WHERE id = 1",
    "UPDATE account SET owner = 'ann' WHERE id = 2",
    "UPDATE account SET owner = 'bob' WHERE id = 1",
  ],
  [
    'a unique value that wanders',
    "UPDATE account SET owner = 'x' WHERE id = 1",
    "UPDATE account SET owner = 'ann' WHERE id = 2",
    "INSERT INTO account (id, owner) VALUES (5, 'bob')",
  ],
  ['a cascading delete', 'DELETE FROM parent WHERE id = 1'],
  ['a delete of everything that cascades', 'DELETE FROM parent'],
  [
    'parent and child that are new',
    "INSERT INTO parent VALUES (3, 'p3')",
    'INSERT INTO child VALUES (14, 3)',
    'UPDATE child SET parent_id = 3 WHERE id = 13',
  ],
  ['0 in a counted column', 'DELETE FROM counted', 'INSERT INTO counted (n) VALUES (3)'],
  ['a view', 'UPDATE rich SET balance = 500 WHERE id = 2'],
  ['a trigger of the user that adds up', 'UPDATE item SET n = n + 1'],
  ['a text with a quote', `UPDATE account SET owner = 'it''s \\\\ "so"' WHERE id = 1`],
];

describeMariadb('A rollback undoes', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  }, 60_000);

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it.each(CASES)('%s', async (_title, ...statements) => {
    const before = await database.rows(...TABLES);
    const tag = newTag();
    await database.branch(tag, ...statements);

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows(...TABLES)).resolves.toEqual(before);
    await expect(database.rows(UNDO_ROWS)).resolves.toEqual([]);
  });

  it('a row that two branches have changed', async () => {
    const before = await database.rows(...TABLES);
    const [first, second] = [newTag(), newTag()].map(({ branchId }) => ({ xid: 'x', branchId }));
    await database.branch(first!, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.branch(second!, 'UPDATE account SET balance = 2', 'DELETE FROM child');

    const outcomes = await database.engine.rollbackBranches([second!, first!]);

    expect(outcomes).toEqual([DONE, DONE]);
    await expect(database.rows(...TABLES)).resolves.toEqual(before);
  });

  it('nothing that somebody else has changed, and says which row', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 0');
    await database.sql('UPDATE account SET balance = 77 WHERE id = 2');

    const reason = reasonOf(await database.rollback(tag));

    expect(reason).toContain('account 2: the row was changed by a writer outside');
    const [one, two] = await database.sql('SELECT balance FROM account ORDER BY id');
    expect([one, two]).toEqual([{ balance: 100 }, { balance: 77 }]);
  });

  it('nothing that a second branch has found changed by somebody else', async () => {
    const first = newTag();
    await database.branch(first, 'UPDATE account SET balance = 0 WHERE id = 1');
    await database.sql('UPDATE account SET balance = 77 WHERE id = 1');
    await database.branch(newTag(first.xid), 'UPDATE account SET balance = 78 WHERE id = 1');

    expect(reasonOf(await database.rollback(first))).toContain('account 1');
  });

  it('no parent to which somebody else refers by a cascading key', async () => {
    const tag = newTag();
    await database.branch(tag, "INSERT INTO parent VALUES (3, 'p3')");
    await database.sql('INSERT INTO child VALUES (99, 3)');

    expect(reasonOf(await database.rollback(tag))).toContain('refer to it by a foreign key');
    await expect(database.rows('child')).resolves.toContain('[99,3]');
  });

  it('nothing of a table whose columns have changed', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE watched SET n = 2');
    await database.sql('ALTER TABLE watched ADD COLUMN more int');

    expect(reasonOf(await database.rollback(tag))).toContain('columns or the primary key');

    await database.sql('ALTER TABLE watched DROP COLUMN more');
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
  });

  it('once: a second call finds it done', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 0 WHERE id = 1');
    await database.rollback(tag);
    await database.sql('UPDATE account SET balance = 5 WHERE id = 1');

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.sql('SELECT balance FROM account WHERE id = 1')).resolves.toEqual([
      { balance: 5 },
    ]);
  });
});
