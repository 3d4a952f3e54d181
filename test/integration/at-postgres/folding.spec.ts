import fc from 'fast-check';
import type { PoolClient } from 'pg';

import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

/**
 * Random changes of a few rows, so that they fold in every way, in one to three branches of one
 * transaction. Whatever they were, the rollback must give back the very rows that were there.
 */

/** Triggers of the user that write to other rows of the same table, while a branch is at work. */
const SETUP = `
  CREATE TABLE plain (id int PRIMARY KEY, n int NOT NULL, up int);
  CREATE TABLE meddled (id int PRIMARY KEY, n int NOT NULL, up int);
  CREATE TABLE tree (id int PRIMARY KEY, n int NOT NULL,
    up int REFERENCES tree ON UPDATE CASCADE ON DELETE SET NULL);
  CREATE TABLE unlike (id int PRIMARY KEY, n int UNIQUE, up int REFERENCES unlike);
  CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF pg_trigger_depth() > 3 THEN RETURN NULL; END IF;
    IF TG_OP = 'UPDATE' THEN
      -- The block makes a subtransaction, whose row versions carry another transaction number.
      BEGIN
        UPDATE meddled SET n = n + OLD.n % 2 WHERE id = OLD.id % 4 + 1;
        PERFORM 1 / (OLD.n % 3);
      EXCEPTION WHEN division_by_zero THEN
        UPDATE meddled SET up = 0 WHERE id = OLD.id % 3 + 1;
      END;
    ELSIF TG_OP = 'INSERT' THEN
      DELETE FROM meddled WHERE id = NEW.id % 4 + 1 AND n % 3 = 0;
      UPDATE meddled SET n = n + 5 WHERE id = NEW.id % 4 + 1;
    ELSE
      INSERT INTO meddled VALUES (OLD.id % 4 + 1, OLD.n, 0) ON CONFLICT DO NOTHING;
      INSERT INTO meddled VALUES (OLD.id, OLD.n, OLD.up)
        ON CONFLICT (id) DO UPDATE SET n = excluded.n;
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER a_meddles AFTER INSERT OR UPDATE OR DELETE ON meddled FOR EACH ROW
    WHEN (current_setting('dtx.undoing', true) IS DISTINCT FROM 'on') EXECUTE FUNCTION meddle();
`;

const RESET = (table: string): string => `
  TRUNCATE ${table};
  INSERT INTO ${table} VALUES (1, 10, NULL), (2, 21, 1), (3, 33, 2);
`;

const key = fc.integer({ min: 1, max: 5 });
const value = fc.integer({ min: 0, max: 3 });

/** Statements that hardly ever fail, so that nearly every sequence of them makes sense. */
const change = fc.oneof(
  fc.tuple(key, value).map(([k, n]) => `INSERT INTO t VALUES (${k}, ${n}) ON CONFLICT DO NOTHING`),
  fc.tuple(key, value).map(([k, n]) => `UPDATE t SET n = ${n} WHERE id = ${k}`),
  key.map((k) => `DELETE FROM t WHERE id = ${k}`),
  fc
    .tuple(key, key)
    .map(
      ([k, l]) =>
        `UPDATE t SET id = ${l} WHERE id = ${k} AND NOT EXISTS (SELECT FROM t WHERE id = ${l})`,
    ),
  fc.constant('UPDATE t SET n = n + 1'),
  fc.constant('UPDATE t SET n = n'),
  fc.constant('UPDATE t SET id = id + 10 WHERE NOT EXISTS (SELECT FROM t WHERE id > 10)'),
  fc.constant('UPDATE t SET id = id - 10 WHERE NOT EXISTS (SELECT FROM t WHERE id < 11)'),
  fc.constant('DELETE FROM t WHERE n % 2 = 0'),
  fc.constant('INSERT INTO t SELECT k, k FROM generate_series(1, 5) k ON CONFLICT DO NOTHING'),
);

/** Some of the changes are taken back by a savepoint. */
const step = fc.oneof(
  { weight: 4, arbitrary: change.map((statement) => [statement]) },
  {
    weight: 1,
    arbitrary: fc
      .array(change, { minLength: 1, maxLength: 3 })
      .map((statements) => ['SAVEPOINT s', ...statements, 'ROLLBACK TO s']),
  },
);

const branch = fc.record({
  statements: fc.array(step, { minLength: 1, maxLength: 6 }).map((steps) => steps.flat()),
  isCommitted: fc.boolean(),
});

const branches = fc.array(branch, { minLength: 1, maxLength: 3 });

/** A constraint of the table may object; then the statement is taken back. */
async function run(client: PoolClient, statement: string): Promise<void> {
  await client.query('SAVEPOINT statement');
  try {
    await client.query(statement);
  } catch (error) {
    if (!(error as { code: string }).code.startsWith('23')) throw error;
    await client.query('ROLLBACK TO statement');
  }
}

describe('Changes of the same rows fold so that a rollback restores them', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  afterAll(async () => {
    await database.drop();
  });

  it.each(['plain', 'tree', 'meddled', 'unlike'])(
    'in a %s table',
    async (table) => {
      await fc.assert(
        fc.asyncProperty(branches, async (planned) => {
          await database.reset(RESET(table));
          const before = await database.rows(table);
          const { xid } = newTag();
          const tags = planned.map(() => newTag(xid));
          for (const [index, { isCommitted, statements }] of planned.entries()) {
            const client = await database.begin(tags[index]!);
            for (const text of statements) await run(client, text.replaceAll(/\bt\b/g, table));
            await client.query(isCommitted || index === 0 ? 'COMMIT' : 'ROLLBACK');
          }

          for (const tag of tags.toReversed()) expect(await database.rollback(tag)).toEqual(DONE);

          expect(await database.rows(table)).toEqual(before);
          expect(await database.sql('SELECT * FROM dtx.undo_row')).toEqual([]);
        }),
        { numRuns: 40 },
      );
    },
    60_000,
  );
});
