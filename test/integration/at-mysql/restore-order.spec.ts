import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag, reasonOf } from './at-database.js';

const SETUP = `
  CREATE TABLE supply (sku int PRIMARY KEY, amount int NOT NULL CHECK (amount >= 0));
  CREATE TABLE take (id int PRIMARY KEY, sku int, qty int);
  CREATE TABLE account (id int PRIMARY KEY, balance int, revision int NOT NULL DEFAULT 0);
  CREATE TABLE entry (id int PRIMARY KEY, account int, n int);
  CREATE TRIGGER entry_out AFTER DELETE ON entry FOR EACH ROW
    UPDATE account SET balance = balance - OLD.n WHERE id = OLD.account;
  CREATE TRIGGER revise BEFORE UPDATE ON account FOR EACH ROW
    SET NEW.revision = OLD.revision + 1;
  CREATE TABLE offer (id int PRIMARY KEY, price int);
  CREATE TABLE journal (id int AUTO_INCREMENT PRIMARY KEY, price int);
  CREATE TRIGGER log_offer AFTER UPDATE ON offer FOR EACH ROW
    INSERT INTO journal (price) VALUES (NEW.price);
  CREATE TABLE nick (id varchar(20) COLLATE utf8mb4_general_ci PRIMARY KEY, n int,
    seen timestamp(6) NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP(6));
  CREATE TABLE follower (id int PRIMARY KEY, nick varchar(20) COLLATE utf8mb4_general_ci,
    FOREIGN KEY (nick) REFERENCES nick (id) ON UPDATE CASCADE);
  CREATE TABLE visitor (id int PRIMARY KEY, nick varchar(20) COLLATE utf8mb4_general_ci,
    FOREIGN KEY (nick) REFERENCES nick (id));
  CREATE TABLE ring (id int PRIMARY KEY, other int, n int,
    FOREIGN KEY (other) REFERENCES ring (id));
  CREATE TABLE watcher (id int PRIMARY KEY, ring int, FOREIGN KEY (ring) REFERENCES ring (id));
`;

/** The server calls triggers in the order in which they were made. */
const BEHIND_OURS = `
  CREATE OR REPLACE TRIGGER take_in AFTER INSERT ON take FOR EACH ROW
    UPDATE supply SET amount = amount - NEW.qty WHERE sku = NEW.sku;
  CREATE OR REPLACE TRIGGER take_out AFTER DELETE ON take FOR EACH ROW
    UPDATE supply SET amount = amount + OLD.qty WHERE sku = OLD.sku;
  CREATE OR REPLACE TRIGGER take_change AFTER UPDATE ON take FOR EACH ROW
  BEGIN
    UPDATE supply SET amount = amount + OLD.qty WHERE sku = OLD.sku;
    UPDATE supply SET amount = amount - NEW.qty WHERE sku = NEW.sku;
  END;
`;

const RESET = `
  DELETE FROM take; DELETE FROM supply; DELETE FROM entry; DELETE FROM account;
  DELETE FROM follower; DELETE FROM visitor; DELETE FROM nick;
  DELETE FROM watcher; UPDATE ring SET other = NULL; DELETE FROM ring;
  INSERT INTO supply VALUES (1, 100), (2, 100);
  INSERT INTO take VALUES (1, 1, 60), (2, 2, 10), (3, 2, 90);
  INSERT INTO account VALUES (1, 100, 0);
  INSERT INTO entry VALUES (1, 1, 100);
  DELETE FROM offer; DELETE FROM journal; INSERT INTO offer VALUES (1, 5);
  INSERT INTO nick VALUES ('nick1', 1, '2020-01-01');
`;

describeMariadb('A rollback gives back', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
    await database.sql(BEHIND_OURS);
  }, 60_000);

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it.each([
    ['a sum that may not go below zero', 'DELETE FROM take WHERE id = 1'],
    [
      'two sums of which each stands in the way of a line',
      'UPDATE take SET sku = 1 WHERE id = 2',
      'UPDATE take SET qty = 90 WHERE id = 1',
      'UPDATE take SET qty = 1 WHERE id = 3',
    ],
  ])('%s', async (_title, ...statements) => {
    const before = await database.rows('supply', 'take');
    const tag = newTag();
    await database.branch(tag, ...statements);

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('supply', 'take')).resolves.toEqual(before);
  });

  it('a row that was as before and that a trigger changes meanwhile', async () => {
    const before = await database.rows('account', 'entry');
    const tag = newTag();
    await database.branch(
      tag,
      'INSERT INTO entry VALUES (2, 1, 10)',
      'DELETE FROM account',
      'INSERT INTO account VALUES (1, 100, 0)',
    );

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('account', 'entry')).resolves.toEqual(before);
  });

  it('a row, and leaves the line that a trigger writes meanwhile', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE offer SET price = 6');

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('offer')).resolves.toEqual(['[1,5]']);
    await expect(database.sql('SELECT price FROM journal')).resolves.toEqual([{ price: 5 }]);
  });

  it.each(['follower', 'visitor'])(
    'a key in another case, and leaves a %s as it is that refers to it since',
    async (table) => {
      const before = await database.rows('nick');
      const tag = newTag();
      await database.branch(tag, "UPDATE nick SET id = 'Nick1', n = 7, seen = NULL");
      await database.sql(`INSERT INTO ${table} VALUES (1, 'NICK1')`);

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.rows('nick')).resolves.toEqual(before);
      await expect(database.rows(table)).resolves.toEqual(['[1,"NICK1"]']);
    },
  );

  it('one of two circles, and leaves the other, to which somebody refers since', async () => {
    const tag = newTag();
    await database.branch(
      tag,
      'INSERT INTO ring VALUES (1, NULL, 0), (2, 1, 0), (3, NULL, 0), (4, 3, 0)',
      'UPDATE ring SET other = 2 WHERE id = 1',
      'UPDATE ring SET other = 4 WHERE id = 3',
    );
    await database.sql('INSERT INTO watcher VALUES (1, 1)');

    const reason = reasonOf(await database.rollback(tag));
    expect(reason).toContain('ring 2, 1: a row that is not part of the transaction');
    await expect(database.rows('ring')).resolves.toEqual(['[1,2,0]', '[2,1,0]']);
  });
});
