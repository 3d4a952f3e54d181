import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

/** Every plain form of a write. */
export const ROWS: CaseGroup = {
  title: 'rows',
  tables: ['account', 'ledger'],
  schema: everywhere(`
    CREATE TABLE account (id INT PRIMARY KEY, owner VARCHAR(40) DEFAULT 'nobody', balance INT);
    CREATE TABLE ledger (id INT PRIMARY KEY, account INT, amount INT);`),
  seed: `
    INSERT INTO account VALUES (1, 'ada', 100), (2, 'ben', 200), (3, 'eve', 300);
    INSERT INTO ledger VALUES (1, 1, 10), (2, 1, 20), (3, 2, 30), (4, 9, 40);`,
  cases: [
    {
      title: 'an insert of one row',
      work: everywhere([`INSERT INTO account VALUES (4, 'dot', 400)`]),
    },
    {
      title: 'an insert of many rows',
      work: everywhere([`INSERT INTO account VALUES (4, 'dot', 400), (5, NULL, NULL), (6, '', 0)`]),
    },
    { title: 'an insert of defaults', work: everywhere(['INSERT INTO account (id) VALUES (4)']) },
    {
      title: 'an update of one row',
      work: everywhere(['UPDATE account SET balance = balance - 60 WHERE id = 1']),
    },
    { title: 'an update of all rows', work: everywhere([`UPDATE account SET owner = 'all'`]) },
    {
      title: 'an update to NULL and one from NULL',
      work: everywhere([
        'UPDATE account SET owner = NULL, balance = NULL WHERE id < 3',
        [`UPDATE account SET owner = 'back' WHERE owner IS NULL`],
      ]),
    },
    {
      title: 'an update by a subquery',
      work: everywhere([
        `UPDATE account SET balance = (SELECT SUM(amount) FROM ledger WHERE account = account.id)
         WHERE id IN (SELECT account FROM ledger)`,
      ]),
    },
    {
      title: 'an update that changes nothing',
      work: everywhere(['UPDATE account SET balance = balance']),
      changesNothing: true,
    },
    {
      title: 'an update and a delete that meet no row',
      work: everywhere([
        'UPDATE account SET balance = 1 WHERE id = 99',
        ['DELETE FROM account WHERE id = 99'],
      ]),
      changesNothing: true,
    },
    { title: 'a delete of one row', work: everywhere(['DELETE FROM account WHERE id = 2']) },
    {
      title: 'a delete of all rows',
      work: everywhere(['DELETE FROM account', ['DELETE FROM ledger']]),
    },
    {
      title: 'an insert from a select of the same table',
      work: everywhere(['INSERT INTO account SELECT id + 100, owner, balance FROM account']),
    },
    {
      title: 'an insert from a select over two tables',
      work: everywhere([
        `INSERT INTO ledger SELECT 100 + l.id, a.id, a.balance
         FROM account a JOIN ledger l ON l.account = a.id`,
      ]),
    },
    {
      title: 'an update of some hundred rows, and their deletion',
      work: everywhere([
        [
          `INSERT INTO ledger
           SELECT a.id * 1000 + b.id * 100 + c.id * 10 + d.id, a.id, 7
           FROM account a, account b, ledger c, ledger d`,
          'UPDATE ledger SET amount = amount + 1 WHERE id > 1000',
        ],
        'DELETE FROM ledger WHERE id > 2000',
      ]),
    },
    {
      title: 'an update and a delete with ORDER BY and LIMIT',
      work: {
        postgres: { not: 'PostgreSQL has no such clause' },
        mariadb: [
          'UPDATE account SET id = id + 1 ORDER BY id DESC',
          'UPDATE account SET balance = 0 ORDER BY balance DESC LIMIT 1',
          ['DELETE FROM account ORDER BY id LIMIT 1'],
        ],
        sqlite: { not: 'it is a compile option, and off' },
      },
    },
    {
      title: 'an update with FROM',
      work: {
        postgres: [
          `UPDATE account a SET balance = a.balance + l.amount FROM ledger l
           WHERE l.account = a.id AND l.id > 1`,
        ],
        mariadb: { not: 'MariaDB has multi-table updates' },
        sqlite: [
          `UPDATE account SET balance = balance + l.amount FROM ledger l
           WHERE l.account = account.id AND l.id > 1`,
        ],
      },
    },
    {
      title: 'a delete with USING',
      work: {
        postgres: ['DELETE FROM account a USING ledger l WHERE l.account = a.id AND l.amount > 25'],
        mariadb: [
          `DELETE FROM account USING account JOIN ledger ON ledger.account = account.id
           WHERE ledger.amount > 25`,
        ],
        sqlite: { not: 'SQLite has no such clause' },
      },
    },
    {
      title: 'an update of several tables',
      work: {
        postgres: { not: 'PostgreSQL updates one table at a time' },
        mariadb: [
          `UPDATE account a JOIN ledger l ON l.account = a.id
           SET a.balance = a.balance - l.amount, l.amount = 0 WHERE a.id = 1`,
        ],
        sqlite: { not: 'SQLite updates one table at a time' },
      },
    },
    {
      title: 'a delete from several tables',
      work: {
        postgres: { not: 'PostgreSQL deletes from one table at a time' },
        mariadb: ['DELETE a, l FROM account a JOIN ledger l ON l.account = a.id WHERE a.id = 1'],
        sqlite: { not: 'SQLite deletes from one table at a time' },
      },
    },
    {
      title: 'an update through a common table expression',
      work: {
        postgres: [
          `WITH big AS (SELECT id FROM account WHERE balance > 150)
           UPDATE account SET balance = 0 WHERE id IN (SELECT id FROM big)`,
        ],
        mariadb: { not: 'MariaDB 10.11 takes WITH before SELECT only' },
        sqlite: [
          `WITH big AS (SELECT id FROM account WHERE balance > 150)
           UPDATE account SET balance = 0 WHERE id IN (SELECT id FROM big)`,
        ],
      },
    },
    {
      title: 'an insert from a common table expression',
      work: {
        postgres: [
          `WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
           INSERT INTO account SELECT i, 'n', i FROM n`,
        ],
        mariadb: [
          `INSERT INTO account
           WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
           SELECT i, 'n', i FROM n`,
        ],
        sqlite: [
          `WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
           INSERT INTO account SELECT i, 'n', i FROM n`,
        ],
      },
    },
    {
      title: 'a delete through a common table expression',
      work: {
        postgres: [
          `WITH big AS (SELECT id FROM account WHERE balance > 150)
           DELETE FROM account WHERE id IN (SELECT id FROM big)`,
        ],
        mariadb: { not: 'MariaDB 10.11 takes WITH before SELECT only' },
        sqlite: [
          `WITH big AS (SELECT id FROM account WHERE balance > 150)
           DELETE FROM account WHERE id IN (SELECT id FROM big)`,
        ],
      },
    },
    {
      title: 'common table expressions that write, below a SELECT',
      work: {
        postgres: [
          `WITH gone AS (DELETE FROM ledger WHERE account = 1 RETURNING id, amount),
             kept AS (INSERT INTO account SELECT 100 + id, 'cte', amount FROM gone RETURNING id)
           SELECT count(*) FROM kept`,
        ],
        mariadb: { not: 'its common table expressions cannot write' },
        sqlite: { not: 'its common table expressions cannot write' },
      },
    },
    {
      title: 'writes with RETURNING',
      work: {
        postgres: [
          `INSERT INTO account VALUES (4, 'dot', 400) RETURNING id, owner`,
          ['UPDATE account SET balance = 1 RETURNING *', 'DELETE FROM ledger RETURNING id'],
        ],
        mariadb: [
          `INSERT INTO account VALUES (4, 'dot', 400) RETURNING id, owner`,
          ['DELETE FROM ledger RETURNING id'],
        ],
        sqlite: [
          `INSERT INTO account VALUES (4, 'dot', 400) RETURNING id, owner`,
          ['UPDATE account SET balance = 1 RETURNING *', 'DELETE FROM ledger RETURNING id'],
        ],
      },
    },
    {
      title: 'several statements in one text',
      work: {
        postgres: [`UPDATE account SET balance = 1 WHERE id = 1; DELETE FROM ledger WHERE id = 2`],
        mariadb: { not: 'the pool of the suite does not allow them' },
        sqlite: { not: 'the driver runs the first one only' },
      },
    },
    {
      title: 'prepared statements',
      work: {
        postgres: [
          [
            `PREPARE many AS INSERT INTO account SELECT n, $1, n FROM generate_series(900, 999) n`,
            `EXECUTE many ('bulk')`,
            'DEALLOCATE many',
          ],
        ],
        mariadb: { not: 'PREPARE as a statement is refused; the driver has execute()' },
        sqlite: { not: 'SQLite has them in its library only' },
      },
    },
    {
      title: 'statements in odd writing',
      work: {
        postgres: [
          `/* one */ -- two
           uPdAtE ONLY "account" AS a SET "balance"=1 WHERE/**/id=1;`,
          `;;DELETE FROM public.ledger`,
        ],
        mariadb: [
          `/* one */ # two
           uPdAtE \`account\` SET \`balance\`=1 WHERE/**/id=1`,
        ],
        sqlite: [
          `/* one */ -- two
           uPdAtE "account" SET [balance]=1 WHERE/**/id=1;`,
          `DELETE FROM main.ledger`,
        ],
      },
    },
    {
      title: 'user variables in a write',
      work: {
        postgres: { not: 'PostgreSQL has none' },
        mariadb: [
          ['SET @n := 100', 'UPDATE account SET balance = (@n := @n + 1) ORDER BY id'],
          'INSERT INTO account SELECT @m := 50, @m, 1',
        ],
        sqlite: { not: 'SQLite has none' },
      },
    },
  ],
};
