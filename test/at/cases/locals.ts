import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

/** Savepoints, local rollbacks, and several branches. */
export const LOCALS: CaseGroup = {
  title: 'local transactions',
  tables: ['gauge'],
  schema: everywhere('CREATE TABLE gauge (id INT PRIMARY KEY, n INT NOT NULL)'),
  seed: 'INSERT INTO gauge VALUES (1, 10), (2, 20), (3, 30)',
  cases: [
    {
      title: 'a savepoint that is rolled back',
      work: everywhere([
        [
          'UPDATE gauge SET n = 1 WHERE id = 1',
          'SAVEPOINT a',
          'UPDATE gauge SET n = 2',
          'DELETE FROM gauge WHERE id = 3',
          'INSERT INTO gauge VALUES (4, 4)',
          'ROLLBACK TO SAVEPOINT a',
          'UPDATE gauge SET n = n + 1 WHERE id = 2',
        ],
      ]),
    },
    {
      title: 'a savepoint that is rolled back with the first write behind it',
      work: everywhere([
        [
          'SAVEPOINT a',
          'UPDATE gauge SET n = 2',
          'ROLLBACK TO SAVEPOINT a',
          'DELETE FROM gauge WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'a savepoint that is rolled back with all there was',
      work: everywhere([['SAVEPOINT a', 'DELETE FROM gauge', 'ROLLBACK TO SAVEPOINT a']]),
      changesNothing: true,
    },
    {
      title: 'a savepoint that is released',
      work: everywhere([
        [
          'UPDATE gauge SET n = 1 WHERE id = 1',
          'SAVEPOINT a',
          'UPDATE gauge SET n = 2 WHERE id = 1',
          'DELETE FROM gauge WHERE id = 3',
          'RELEASE SAVEPOINT a',
          'INSERT INTO gauge VALUES (3, 3)',
        ],
      ]),
    },
    {
      title: 'savepoints in savepoints',
      work: everywhere([
        [
          'SAVEPOINT a',
          'INSERT INTO gauge VALUES (4, 4)',
          'SAVEPOINT b',
          'UPDATE gauge SET n = 5 WHERE id = 4',
          'SAVEPOINT c',
          'DELETE FROM gauge',
          'ROLLBACK TO SAVEPOINT c',
          'RELEASE SAVEPOINT b',
          'UPDATE gauge SET n = n + 1',
          'ROLLBACK TO SAVEPOINT a',
          'INSERT INTO gauge VALUES (5, 5)',
          'RELEASE SAVEPOINT a',
        ],
      ]),
    },
    {
      title: 'a row that is inserted, forgotten at a savepoint, and inserted again',
      work: everywhere([
        [
          'SAVEPOINT a',
          'INSERT INTO gauge VALUES (4, 1)',
          'DELETE FROM gauge WHERE id = 4',
          'ROLLBACK TO SAVEPOINT a',
          'INSERT INTO gauge VALUES (4, 2)',
          'SAVEPOINT a',
          'UPDATE gauge SET n = 3 WHERE id = 4',
          'ROLLBACK TO SAVEPOINT a',
        ],
      ]),
    },
    {
      title: 'a statement that fails, and the savepoint before it',
      work: everywhere([
        [
          'UPDATE gauge SET n = 11 WHERE id = 1',
          'SAVEPOINT a',
          'UPDATE gauge SET n = 12 WHERE id = 2',
          { fails: 'INSERT INTO gauge VALUES (5, 5), (1, 1)' },
          'ROLLBACK TO SAVEPOINT a',
          'UPDATE gauge SET n = 33 WHERE id = 3',
        ],
      ]),
    },
    {
      title: 'a statement that fails, and the transaction that goes on',
      work: {
        postgres: { not: 'a failed statement aborts the transaction' },
        mariadb: [
          [
            'UPDATE gauge SET n = 11 WHERE id = 1',
            { fails: 'INSERT INTO gauge VALUES (5, 5), (1, 1)' },
            'UPDATE gauge SET n = 33 WHERE id = 3',
          ],
        ],
        sqlite: [
          [
            'UPDATE gauge SET n = 11 WHERE id = 1',
            { fails: 'INSERT INTO gauge VALUES (5, 5), (1, 1)' },
            'UPDATE gauge SET n = 33 WHERE id = 3',
          ],
        ],
      },
    },
    {
      title: 'a local transaction that is rolled back, among others',
      work: everywhere([
        'UPDATE gauge SET n = 11 WHERE id = 1',
        { rolledBack: ['UPDATE gauge SET n = 0', 'DELETE FROM gauge WHERE id = 2'] },
        'UPDATE gauge SET n = 22 WHERE id = 2',
      ]),
    },
    {
      title: 'only a local transaction that is rolled back',
      work: everywhere([{ rolledBack: ['DELETE FROM gauge'] }]),
      changesNothing: true,
    },
    {
      title: 'one row many times in one branch',
      work: everywhere([
        [
          'UPDATE gauge SET n = n + 1 WHERE id = 1',
          'UPDATE gauge SET n = n + 1 WHERE id = 1',
          'DELETE FROM gauge WHERE id = 1',
          'INSERT INTO gauge VALUES (1, 5)',
          'UPDATE gauge SET n = n * 2 WHERE id = 1',
          'DELETE FROM gauge WHERE id = 1',
          'INSERT INTO gauge VALUES (1, 6)',
        ],
      ]),
    },
    {
      title: 'one row many times in many branches',
      work: everywhere([
        'UPDATE gauge SET n = n + 1 WHERE id = 1',
        'UPDATE gauge SET n = n + 1 WHERE id = 1',
        'DELETE FROM gauge WHERE id = 1',
        'INSERT INTO gauge VALUES (1, 5)',
        ['UPDATE gauge SET n = n * 2 WHERE id = 1', 'UPDATE gauge SET n = n * 3 WHERE id = 1'],
      ]),
    },
    {
      title: 'a new row in many branches',
      work: everywhere([
        'INSERT INTO gauge VALUES (7, 1)',
        'UPDATE gauge SET n = 2 WHERE id = 7',
        'DELETE FROM gauge WHERE id = 7',
        ['INSERT INTO gauge VALUES (7, 3)', 'UPDATE gauge SET n = 4 WHERE id = 7'],
      ]),
    },
    {
      title: 'a new row that is gone again, in several branches',
      work: everywhere([
        'INSERT INTO gauge VALUES (7, 1)',
        'UPDATE gauge SET n = 2 WHERE id = 7',
        'DELETE FROM gauge WHERE id = 7',
      ]),
      changesNothing: true,
    },
    {
      title: 'a row that is changed there and back',
      work: everywhere([
        ['UPDATE gauge SET n = 1 WHERE id = 1', 'UPDATE gauge SET n = 10 WHERE id = 1'],
        'UPDATE gauge SET n = 7 WHERE id = 1',
        'UPDATE gauge SET n = 10 WHERE id = 1',
      ]),
      changesNothing: true,
    },
    {
      title: 'a local transaction that only reads',
      work: everywhere([['SELECT * FROM gauge'], 'SELECT count(*) FROM gauge']),
      changesNothing: true,
    },
  ],
};
