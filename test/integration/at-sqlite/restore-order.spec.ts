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
});
