import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { createAtDatabase, newTag } from './at-database.js';

describeMariadb('At REPEATABLE READ the snapshot of a local transaction', () => {
  let database: AtDatabase;

  beforeEach(async () => {
    database = await createAtDatabase(`
      CREATE TABLE account (id int PRIMARY KEY, n int, email varchar(20) UNIQUE);
      CREATE TABLE entry (id int PRIMARY KEY, account int,
        FOREIGN KEY (account) REFERENCES account (id));
      INSERT INTO account SELECT seq, 0, CONCAT(seq, '@x') FROM seq_1_to_9;
      INSERT INTO entry VALUES (1, 1), (2, 2)`);
  });

  afterEach(async () => {
    await database.drop();
  });

  it.each([
    [
      'several rows',
      ['UPDATE account SET n = 1 WHERE id = 1', 'UPDATE account SET n = 1 WHERE id IN (2, 3)'],
    ],
    [
      'one row twice',
      ['UPDATE account SET n = 1 WHERE id = 1', 'UPDATE account SET n = 2 WHERE id = 1'],
    ],
    ['a child', ['INSERT INTO entry VALUES (3, 3)']],
    [
      'a unique value',
      [
        `UPDATE account SET email = 'x' WHERE id = 1`,
        `UPDATE account SET email = '1@x' WHERE id = 1`,
      ],
    ],
    ['rows that go', ['DELETE FROM entry WHERE id = 1', 'DELETE FROM account WHERE id = 1']],
    [
      'rows behind a savepoint',
      [
        'SAVEPOINT s',
        'UPDATE account SET n = 1 WHERE id = 1',
        'ROLLBACK TO s',
        'UPDATE account SET n = 1 WHERE id IN (2, 3)',
      ],
    ],
  ])('is that of its first read, and not of its first write: %s', async (_what, statements) => {
    const own = await database.begin(newTag(), `tx_isolation = 'REPEATABLE-READ'`);
    for (const statement of statements) await own.query(statement);
    await database.sql('UPDATE account SET n = 77 WHERE id = 9');

    const [rows] = await own.query('SELECT n FROM account WHERE id = 9');

    await own.query('COMMIT');
    expect(rows).toEqual([{ n: 77 }]);
  });
});
