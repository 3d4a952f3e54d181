import { POSTGRES_DIALECT } from '../../../lib/resource/driver/pg/sql-scanner.js';
import { sliceLockingRead } from '../../../lib/resource/driver/sql/index.js';

/** What the statement would be with a column `@` of ours, and the tables that it locks. */
function sliced(sql: string): string {
  const slice = sliceLockingRead(sql, POSTGRES_DIALECT);
  if ('reason' in slice) return slice.reason;
  const { insertAt, separator, tables } = slice;
  const places = tables.map(({ reference }) => reference).join(' ');
  return `${places} | ${sql.slice(0, insertAt)}${separator}@ ${sql.slice(insertAt)}`;
}

describe('a locking read', () => {
  it.each([
    ['SELECT * FROM a FOR UPDATE', 'a | SELECT * , @ FROM a FOR UPDATE'],
    ['SELECT * FROM a FOR UPDATE;', 'a | SELECT * , @ FROM a FOR UPDATE;'],
    ['SELECT FROM a FOR SHARE', 'a | SELECT @ FROM a FOR SHARE'],
    ['SELECT ALL FROM a FOR SHARE', 'a | SELECT ALL @ FROM a FOR SHARE'],
    [
      'select x from only s.a for no key update',
      's.a | select x , @ from only s.a for no key update',
    ],
    [
      'SELECT "A"."id" AS "A_id" FROM "a" "A" WHERE ("A"."id" = $1) ORDER BY "A_id" ' +
        'LIMIT 1 FOR UPDATE',
      '"A" | SELECT "A"."id" AS "A_id" , @ FROM "a" "A" WHERE ("A"."id" = $1) ORDER BY ' +
        '"A_id" LIMIT 1 FOR UPDATE',
    ],
    [
      'SELECT 1 FROM a INNER JOIN "b c" AS d ON d.x = a.y AND (a.z IN (1, 2)), e FOR ' +
        'KEY SHARE NOWAIT',
      'a d e | SELECT 1 , @ FROM a INNER JOIN "b c" AS d ON d.x = a.y AND (a.z IN (1, ' +
        '2)), e FOR KEY SHARE NOWAIT',
    ],
    [
      'SELECT 1 FROM a LEFT JOIN b USING (id) FOR UPDATE OF A SKIP LOCKED',
      'a | SELECT 1 , @ FROM a LEFT JOIN b USING (id) FOR UPDATE OF A SKIP LOCKED',
    ],
    [
      'SELECT 1 FROM a, b FOR UPDATE OF a FOR SHARE OF b',
      'a b | SELECT 1 , @ FROM a, b FOR UPDATE OF a FOR SHARE OF b',
    ],
    [
      'SELECT 1 FROM a, (SELECT * FROM b) x FOR UPDATE OF a',
      'a | SELECT 1 , @ FROM a, (SELECT * FROM b) x FOR UPDATE OF a',
    ],
    [
      'WITH q AS (SELECT 1), r (n) AS (SELECT 2) SELECT 1 FROM q, r, a FOR UPDATE',
      'a | WITH q AS (SELECT 1), r (n) AS (SELECT 2) SELECT 1 , @ FROM q, r, a FOR UPDATE',
    ],
    [
      'SELECT 1 FROM a, generate_series(1, 2) g FOR UPDATE',
      'a | SELECT 1 , @ FROM a, generate_series(1, 2) g FOR UPDATE',
    ],
    [
      'SELECT x IS DISTINCT FROM y, substring(z from 2 for 3), a.from AS for FROM a FOR UPDATE',
      'a | SELECT x IS DISTINCT FROM y, substring(z from 2 for 3), a.from AS for , @ ' +
        'FROM a FOR UPDATE',
    ],
    [
      "SELECT ' FROM b FOR SHARE', ARRAY[1, 2] /* FROM c */ FROM a -- FROM d\nFOR UPDATE LIMIT 1",
      "a | SELECT ' FROM b FOR SHARE', ARRAY[1, 2] /* FROM c */ , @ FROM a -- FROM " +
        'd\nFOR UPDATE LIMIT 1',
    ],
    [
      'SELECT 1 FROM a WHERE id = (SELECT max(id) FROM b GROUP BY c) FOR UPDATE',
      'a | SELECT 1 , @ FROM a WHERE id = (SELECT max(id) FROM b GROUP BY c) FOR UPDATE',
    ],
  ])('is understood: %s', (sql, expected) => {
    expect(sliced(sql)).toBe(expected);
  });

  it.each([
    ['SELECT 1 FROM (SELECT * FROM a) x FOR UPDATE', 'a sub-select'],
    ['SELECT 1 FROM (a JOIN b ON true) FOR UPDATE', 'a join in parentheses'],
    ['SELECT 1 FROM a, LATERAL (SELECT 1) x FOR UPDATE', 'a sub-select'],
    ['SELECT 1 FROM a, (SELECT * FROM b) x FOR UPDATE OF a FOR SHARE', 'a sub-select'],
    ['SELECT 1 FROM a, (SELECT * FROM b) x FOR UPDATE OF x', 'OF x'],
    ['SELECT 1 FROM a FOR UPDATE OF b', 'OF b'],
    ['SELECT 1 FROM a FOR UPDATE OF "A"', 'OF A'],
    ['SELECT 1 FROM a AS x (y) FOR UPDATE', '( behind a table'],
    ['SELECT 1 FROM a TABLESAMPLE SYSTEM (1) FOR UPDATE', 'TABLESAMPLE behind a table'],
    ['SELECT 1 FROM U&"a" FOR UPDATE', '& behind a table'],
    ['SELECT 1 FROM ROWS FROM (f(), g()) FOR UPDATE', '( behind a table'],
    ['SELECT DISTINCT x FROM a FOR UPDATE', 'DISTINCT'],
    ['SELECT x FROM a GROUP BY x FOR UPDATE', 'GROUP'],
    ['SELECT x FROM a UNION SELECT x FROM b FOR UPDATE', 'UNION'],
    ['SELECT 1 FOR UPDATE', 'no FROM'],
    ['SELECT 1 FROM a FOR UPDATE FOR READ ONLY', 'a FOR clause'],
    ['SELECT 1 FROM b WHERE id IN (SELECT id FROM a FOR UPDATE)', 'a lock inside'],
    ['WITH q AS (SELECT * FROM a FOR UPDATE) SELECT * FROM q', 'a lock inside'],
    ['SELECT 1 FROM (SELECT 1 FROM a FOR UPDATE) x FOR UPDATE', 'a lock inside'],
    ['(SELECT * FROM a FOR UPDATE)', '( in front'],
    ['TABLE a FOR UPDATE', 'TABLE in front'],
    ['DECLARE c CURSOR FOR SELECT * FROM a FOR UPDATE', 'DECLARE in front'],
    ['PREPARE p AS SELECT * FROM a FOR UPDATE', 'PREPARE in front'],
    ['COPY (SELECT * FROM a FOR UPDATE) TO STDOUT', 'COPY in front'],
    ['SELECT 1; SELECT * FROM a FOR UPDATE', 'several statements'],
    ['SELECT substring(x FOR share) FROM a', 'a lock inside'],
  ])('is refused, with what is not understood: %s', (sql, what) => {
    expect(sliced(sql)).toContain(
      `it has ${what}`.replace('a join in', 'a sub-select or a join in'),
    );
  });
});
