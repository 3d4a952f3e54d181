import type { BranchOutcome } from '../../../lib/protocol/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';
import { SESSIONS, TIME_ZONE } from './sessions.js';
import { VALUES } from './values.js';

/** What no key can be made of without a length, or at all; and NULL, which is in none. */
const NO_KEY = /^(tiny|medium|long)?(blob|text|json|point|geometry)/;

const KEYS = VALUES.filter(({ type, value }) => !NO_KEY.test(type) && value !== 'NULL').map(
  ({ title, type, value }, n) => {
    const bare = type.replace(/ (NOT )?NULL.*$/, '');
    // The server would make the first one a time of updates.
    const rule = bare.startsWith('timestamp') ? 'NOT NULL DEFAULT 0' : 'NOT NULL';
    return { title, n, value, column: `${bare} ${rule}` };
  },
);

const SETUP = `
  SET sql_mode = '', time_zone = '+00:00';
  ${KEYS.map(
    ({ column, n, value }) => `
      CREATE TABLE key_${n} (id ${column}, n int, v int, PRIMARY KEY (id, n), KEY (n));
      INSERT INTO key_${n} VALUES (${value}, 1, 1), (${value}, 2, 2), (${value}, 3, 3);
      CREATE TABLE lone_${n} (id ${column} PRIMARY KEY, v int);
      CREATE TABLE spare_${n} LIKE key_${n};
      INSERT INTO spare_${n} SELECT * FROM key_${n};`,
  ).join('')}`;

const WRITES = KEYS.flatMap(({ n }) => [
  `UPDATE key_${n} SET v = 9 WHERE n = 1`,
  `DELETE FROM key_${n} WHERE n = 2`,
  `UPDATE key_${n} SET n = 5 WHERE n = 3`,
  `INSERT INTO key_${n} SELECT id, 4, 4 FROM spare_${n} WHERE n = 1`,
  `INSERT INTO lone_${n} SELECT id, 1 FROM spare_${n} WHERE n = 1`,
]);

describeMariadb('Rows are found again by keys of every type', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(`${TIME_ZONE} ${SETUP}`);
  }, 120_000);

  afterAll(async () => {
    await database.drop();
  });

  describe.each(SESSIONS)('with $title', ({ undoer, writer }) => {
    let outcomes: readonly BranchOutcome[];

    beforeAll(async () => {
      const tag = newTag();
      const connection = await database.begin(tag, writer);
      for (const statement of WRITES) await connection.query(statement);
      await connection.query('COMMIT');
      const engine = database.engineFor({ source: database.source({}, undoer) });
      outcomes = await engine.rollbackBranches([tag]);
    }, 120_000);

    it('all of them', () => {
      expect(outcomes).toEqual([DONE]);
    });

    it.each(KEYS)('$title', async ({ n }) => {
      const [rows] = await database.sql(
        `SELECT (SELECT GROUP_CONCAT(n, v ORDER BY n) FROM key_${n}) AS found,
           (SELECT COUNT(*) FROM key_${n} JOIN spare_${n} USING (id, n, v)) AS same,
           (SELECT COUNT(*) FROM lone_${n}) AS lone`,
      );

      expect(rows).toEqual({ found: '11,22,33', same: 3, lone: 0 });
    });
  });
});
