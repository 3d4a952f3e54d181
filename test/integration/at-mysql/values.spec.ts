import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';
import { SESSIONS, TIME_ZONE } from './sessions.js';
import { VALUES } from './values.js';

const SETUP = `
  SET sql_mode = '', time_zone = '+00:00';
  ${VALUES.map(
    ({ type, value }, n) => `
      CREATE TABLE value_${n} (id int PRIMARY KEY, v ${type});
      INSERT INTO value_${n} VALUES (1, ${value}), (2, ${value});
      CREATE TABLE copy_${n} LIKE value_${n};
      INSERT INTO copy_${n} SELECT * FROM value_${n};`,
  ).join('')}`;

/** One row is updated, one is deleted, one is added. */
const WRITES = VALUES.flatMap(({ type, value }, n) => [
  `UPDATE value_${n} SET v = ${otherThan(type, value)} WHERE id = 1`,
  `DELETE FROM value_${n} WHERE id = 2`,
  `INSERT INTO value_${n} SELECT 3, v FROM copy_${n} WHERE id = 1`,
]);

/** Text in which two values differ that differ in one bit. */
function exactly(type: string, value: string): string {
  if (/^(float|double)/.test(type)) return `CAST(CAST(${value} AS DOUBLE) AS CHAR)`;
  if (/^(enum|set|bit)/.test(type)) return `CONCAT(${value} + 0, ':', HEX(${value}))`;
  return /^(int|bigint|tinyint|boolean|decimal|year)/.test(type)
    ? `CAST(${value} AS CHAR)`
    : `HEX(${value})`;
}

function otherThan(type: string, value: string): string {
  if (type.includes('NOT NULL')) return "'2001-01-01'";
  return value === 'NULL' ? '7' : 'NULL';
}

describeMariadb('A rollback restores bit by bit', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(`${TIME_ZONE} ${SETUP}`);
  }, 120_000);

  afterAll(async () => {
    await database.drop();
  });

  describe.each(SESSIONS)('with $title', ({ undoer, writer }) => {
    beforeAll(async () => {
      const tag = newTag();
      const connection = await database.begin(tag, writer);
      for (const statement of WRITES) await connection.query(statement);
      await connection.query('COMMIT');
      const engine = database.engineFor({ source: database.source({}, undoer) });
      const outcomes = await engine.rollbackBranches([tag]);
      expect(outcomes).toEqual([DONE]);
    }, 120_000);

    it.each(VALUES.map(({ title }, n) => ({ title, n })))('$title', async ({ n }) => {
      const [same] = await database.sql(
        `SELECT COUNT(*) AS n FROM value_${n} AS now JOIN copy_${n} AS old USING (id)
         WHERE ${exactly(VALUES[n]!.type, 'now.v')} <=> ${exactly(VALUES[n]!.type, 'old.v')}`,
      );
      const [all] = await database.sql(`SELECT COUNT(*) AS n FROM value_${n}`);

      expect(same).toEqual({ n: 2 });
      expect(all).toEqual({ n: 2 });
    });
  });
});
