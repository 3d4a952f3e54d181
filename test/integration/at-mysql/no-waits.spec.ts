import { GUARDED } from '../../../lib/resource/at/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { createAtDatabase, newTag } from './at-database.js';

const SETUP = `
  CREATE TABLE customer (id int PRIMARY KEY, email varchar(40) NOT NULL UNIQUE, n int);
  CREATE TABLE parcel (id int PRIMARY KEY, customer int NOT NULL,
    FOREIGN KEY (customer) REFERENCES customer (id));
  CREATE TABLE letter (id int PRIMARY KEY, email varchar(40) NOT NULL,
    FOREIGN KEY (email) REFERENCES customer (email));
  INSERT INTO customer SELECT seq, CONCAT(seq, '@x'), 0 FROM seq_1_to_9;
  INSERT INTO parcel VALUES (1, 1), (2, 2);
  INSERT INTO letter VALUES (1, '1@x'), (2, '2@x');`;

/** What one local transaction has done, and what another one does to other rows meanwhile. */
type Pair = readonly [title: string, first: readonly string[], second: readonly string[]];

const PAIRS: readonly Pair[] = [
  [
    'a row that is written twice',
    ['UPDATE customer SET n = 1 WHERE id = 3'],
    ['UPDATE customer SET n = 1 WHERE id = 4', 'UPDATE customer SET n = 2 WHERE id = 4'],
  ],
];

/** Where REPEATABLE READ locks gaps: before a first undo row, and where a child may be. */
const PAIRS_WITH_GAPS: readonly Pair[] = [
  [
    'children of new parents',
    [`INSERT INTO customer VALUES (11, '11@x', 0)`, 'INSERT INTO parcel VALUES (11, 11)'],
    [`INSERT INTO customer VALUES (12, '12@x', 0)`, 'INSERT INTO parcel VALUES (12, 12)'],
  ],
  [
    'children by a unique value of new parents',
    [`INSERT INTO customer VALUES (11, '11@x', 0)`, `INSERT INTO letter VALUES (11, '11@x')`],
    [`INSERT INTO customer VALUES (12, '12@x', 0)`, `INSERT INTO letter VALUES (12, '12@x')`],
  ],
  [
    'a unique value that changes there and back',
    [`UPDATE customer SET email = '-' WHERE id = 3`],
    [
      `UPDATE customer SET email = '+' WHERE id = 4`,
      `UPDATE customer SET email = '4@x' WHERE id = 4`,
    ],
  ],
  [
    'parents that go after their children',
    ['DELETE FROM letter WHERE id = 1'],
    [
      'DELETE FROM parcel WHERE id = 2',
      'DELETE FROM letter WHERE id = 2',
      'DELETE FROM customer WHERE id = 2',
    ],
  ],
];

describeMariadb('Beside an open local transaction that has written other rows', () => {
  let database: AtDatabase;

  // Of its own for each: deleted values stay in a unique index for a while, and are waited for.
  beforeEach(async () => {
    database = await createAtDatabase(SETUP);
  });

  afterEach(async () => {
    await database.drop();
  });

  describe.each([
    ['READ-COMMITTED', [...PAIRS, ...PAIRS_WITH_GAPS]],
    ['REPEATABLE-READ', PAIRS],
  ] as const)('at %s', (level, pairs) => {
    const settings = `innodb_lock_wait_timeout = 1, tx_isolation = '${level}'`;

    it.each(
      pairs.flatMap(([title, first, second]) =>
        ([newTag(), GUARDED] as const).map((mark) => ({
          title,
          first,
          second,
          mark,
          whose: mark === GUARDED ? 'work under the global lock' : 'a branch',
        })),
      ),
    )('$whose writes $title, and waits for nobody', async ({ first, mark, second }) => {
      const other = await database.begin(newTag(), settings);
      for (const statement of first) await other.query(statement);
      const own = await database.begin(mark, settings);

      for (const statement of second) await own.query(statement);

      await own.query('COMMIT');
      await other.query('COMMIT');
      expect(await database.sql('SELECT 1 FROM dtx_undo_row LIMIT 1')).toHaveLength(1);
    });
  });
});
