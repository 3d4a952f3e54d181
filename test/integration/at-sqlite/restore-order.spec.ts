import type { AtFile } from './at-file.js';
import { DONE, createAtFile, newTag, reasonOf } from './at-file.js';

const SETUP = `
  CREATE TABLE account (id INTEGER PRIMARY KEY, balance INT);
  CREATE TABLE entry (id INTEGER PRIMARY KEY, account INT, n INT);
  CREATE TRIGGER entry_out AFTER DELETE ON entry BEGIN
    UPDATE account SET balance = balance - OLD.n WHERE id = OLD.account;
  END;
  CREATE TRIGGER never_up BEFORE UPDATE ON account WHEN NEW.balance > OLD.balance BEGIN
    SELECT RAISE(ABORT, 'never');
  END;
  INSERT INTO account VALUES (1, 100);

  CREATE TABLE offer (id INTEGER PRIMARY KEY, price INT);
  CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, price INT);
  CREATE TRIGGER log_offer AFTER UPDATE ON offer BEGIN
    INSERT INTO journal (price) VALUES (NEW.price);
  END;
  INSERT INTO offer VALUES (1, 5);

  CREATE TABLE loose (k PRIMARY KEY NOT NULL, n INT);
  CREATE TABLE bound (id INTEGER PRIMARY KEY, k REFERENCES loose ON UPDATE CASCADE);
  INSERT INTO loose VALUES (1, 1), ('x', 2);
  INSERT INTO bound VALUES (1, 1), (2, 1.0), (3, 'x');

  CREATE TABLE tail (k TEXT PRIMARY KEY COLLATE RTRIM NOT NULL, n INT);
  CREATE TABLE hung (id INTEGER PRIMARY KEY, k TEXT REFERENCES tail ON UPDATE SET NULL);
  INSERT INTO tail VALUES ('x', 1), ('y ', 2);
  INSERT INTO hung VALUES (1, 'x'), (2, 'y');

  CREATE TABLE ring (id INTEGER PRIMARY KEY, other INT REFERENCES ring ON DELETE CASCADE);
  CREATE TABLE watcher (id INTEGER PRIMARY KEY, ring INT REFERENCES ring ON DELETE CASCADE);
  CREATE TABLE chain (id INT UNIQUE, next INT, PRIMARY KEY (id, next),
    FOREIGN KEY (next) REFERENCES chain (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED);

  CREATE TABLE owner (id INTEGER PRIMARY KEY);
  CREATE TABLE thing (id INTEGER PRIMARY KEY, owner INT REFERENCES owner);
  CREATE TABLE guarded (id INTEGER PRIMARY KEY, owner INT REFERENCES owner);
  CREATE TRIGGER guard BEFORE DELETE ON guarded WHEN OLD.owner IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'guarded');
  END;
  INSERT INTO owner VALUES (1), (2);
  INSERT INTO thing VALUES (1, 1);
  INSERT INTO ring VALUES (11, NULL), (12, 11);
  UPDATE ring SET other = 12 WHERE id = 11;
`;

describe('A rollback on SQLite gives back', () => {
  let file: AtFile;

  beforeEach(async () => {
    file = await createAtFile(SETUP);
  });

  afterEach(() => {
    file.drop();
  });

  it('no row that was as before and that it may not restore again, and says so', async () => {
    const tag = newTag();
    file.branch(
      tag,
      'INSERT INTO entry VALUES (2, 1, 10)',
      'DELETE FROM account',
      'INSERT INTO account VALUES (1, 100)',
    );

    expect(reasonOf(await file.rollback(tag))).toContain('account 1: a trigger refuses it');
    expect(file.held()).toEqual(['account 1']);
    expect(file.rows('entry')).toEqual([]);
  });

  it('a row, and leaves the line that a trigger writes meanwhile', async () => {
    const tag = newTag();
    file.branch(tag, 'UPDATE offer SET price = 6');

    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.database.prepare('SELECT price FROM offer').pluck().all()).toEqual([5]);
    expect(file.database.prepare('SELECT price FROM journal').pluck().all()).toEqual([5]);
  });

  it.each([
    [
      'a number that is written otherwise, and to which others refer',
      'UPDATE loose SET k = 1.0, n = 7 WHERE k = 1',
      'UPDATE loose SET n = 8',
    ],
    [
      'blanks behind a key to which others refer',
      "UPDATE tail SET k = 'x  ' WHERE k = 'x'",
      "UPDATE tail SET k = 'y', n = 7 WHERE k = 'y'",
    ],
  ])('%s', async (_title, ...statements) => {
    const before = file.rows('loose', 'bound', 'tail', 'hung');
    const tag = newTag();
    file.branch(tag, ...statements);

    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.rows('loose', 'bound', 'tail', 'hung')).toEqual(before);
  });

  it('one of two circles, and leaves the other, to which somebody refers since', async () => {
    const tag = newTag();
    file.branch(
      tag,
      'INSERT INTO ring VALUES (1, NULL), (2, 1), (3, NULL), (4, 3)',
      'UPDATE ring SET other = 2 WHERE id = 1',
      'UPDATE ring SET other = 4 WHERE id = 3',
    );
    file.outside.exec('INSERT INTO watcher VALUES (1, 1)');

    expect(reasonOf(await file.rollback(tag))).toContain('ring 2, 1: rows of');
    const ring = file.database.prepare('SELECT id, other FROM ring WHERE id < 5').raw();
    expect(ring.all()).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  it('no row whose circle is in its keys, and says so', async () => {
    const tag = newTag();
    file.branch(tag, 'INSERT INTO chain VALUES (1, 2), (2, 1)');

    expect(reasonOf(await file.rollback(tag))).toContain('chain');
    expect(file.database.prepare('SELECT id, next FROM chain').raw().all()).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  it('a circle that has gone, while another row cannot come back', async () => {
    const tag = newTag();
    const circle = file.rows('ring');
    file.branch(
      tag,
      'DELETE FROM thing',
      'UPDATE ring SET other = NULL WHERE id = 11',
      'DELETE FROM ring WHERE id = 12',
      'DELETE FROM ring WHERE id = 11',
    );
    file.outside.exec('DELETE FROM owner WHERE id = 1');

    expect(reasonOf(await file.rollback(tag))).toContain('thing 1: a row that is not part');
    expect(file.rows('ring')).toEqual(circle);
  });

  it('no row that a trigger keeps for its reference, which is no circle', async () => {
    const tag = newTag();
    file.branch(tag, 'INSERT INTO guarded VALUES (1, 2)');

    expect(reasonOf(await file.rollback(tag))).toContain('guarded 1: a trigger refuses it');
    expect(file.database.prepare('SELECT owner FROM guarded').pluck().all()).toEqual([2]);
  });
});
