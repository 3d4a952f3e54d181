import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

/** Rows that stand in each other's way while they are restored. */
export const UNIQUES: CaseGroup = {
  title: 'unique values',
  tables: ['seat'],
  schema: everywhere(`
    CREATE TABLE seat (id INT PRIMARY KEY, place INT NOT NULL, line VARCHAR(9),
      UNIQUE (place), UNIQUE (line, place))`),
  seed: `INSERT INTO seat VALUES (1, 10, 'a'), (2, 20, 'a'), (3, 30, NULL)`,
  cases: [
    {
      title: 'two values that change places',
      work: everywhere([
        [
          'UPDATE seat SET place = -1 WHERE id = 1',
          'UPDATE seat SET place = 10 WHERE id = 2',
          'UPDATE seat SET place = 20 WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'two values that change places in three branches',
      work: everywhere([
        'UPDATE seat SET place = -1 WHERE id = 1',
        'UPDATE seat SET place = 10 WHERE id = 2',
        'UPDATE seat SET place = 20 WHERE id = 1',
      ]),
    },
    {
      title: 'values that go round three rows, one of them new and one gone',
      work: everywhere([
        [
          'UPDATE seat SET place = -1 WHERE id = 1',
          'UPDATE seat SET place = 10 WHERE id = 2',
          `INSERT INTO seat VALUES (4, 20, 'b')`,
          'DELETE FROM seat WHERE id = 3',
          'UPDATE seat SET place = 30 WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'a value that a new row takes over from a deleted one',
      work: everywhere([
        ['DELETE FROM seat WHERE id = 1', `INSERT INTO seat VALUES (5, 10, 'a')`],
        ['DELETE FROM seat WHERE id = 5', `INSERT INTO seat VALUES (6, 10, 'a')`],
      ]),
    },
    {
      title: 'keys that change places',
      work: everywhere([
        [
          'UPDATE seat SET id = -1 WHERE id = 1',
          'UPDATE seat SET id = 1 WHERE id = 2',
          'UPDATE seat SET id = 2 WHERE id = -1',
        ],
      ]),
    },
    {
      title: 'keys that move up by one',
      work: everywhere([['UPDATE seat SET id = id + 10', 'UPDATE seat SET id = id - 9']]),
    },
    {
      title: 'a key that changes, and a new row under the old one',
      work: everywhere([
        ['UPDATE seat SET id = 9 WHERE id = 1', `INSERT INTO seat VALUES (1, 11, 'c')`],
      ]),
    },
    {
      title: 'a key that changes twice, in two branches',
      work: everywhere([
        'UPDATE seat SET id = 8 WHERE id = 1',
        'UPDATE seat SET id = 9 WHERE id = 8',
        'UPDATE seat SET place = 99 WHERE id = 9',
      ]),
    },
    {
      title: 'a key that changes there and back',
      work: everywhere([
        'UPDATE seat SET id = 8 WHERE id = 1',
        'UPDATE seat SET id = 1 WHERE id = 8',
      ]),
      changesNothing: true,
    },
  ],
};
