import { classifyStatement } from '../../../lib/resource/driver/pg/classify-statement.js';
import type { StatementKind } from '../../../lib/resource/at/index.js';

const kinds: readonly (readonly [StatementKind, string])[] = [
  ['read', ''],
  ['read', '-- only a comment'],
  ['read', 'SELECT 1'],
  ['read', 'select id from "insert" where note = \'; DELETE FROM x\''],
  ['locking-read', 'SELECT * FROM orders WHERE id = $1 FOR UPDATE'],
  ['locking-read', 'WITH o AS (SELECT * FROM orders FOR NO KEY UPDATE) SELECT count(*) FROM o'],
  ['locking-read', 'select transfer(id) from orders for key share'],
  ['locking-read', 'TABLE orders FOR SHARE'],
  ['locking-read', '(SELECT * FROM orders FOR UPDATE)'],
  ['locking-read', 'SELECT 1; SELECT * FROM orders FOR UPDATE'],
  ['locking-read', 'PREPARE p AS SELECT * FROM orders FOR UPDATE'],
  ['locking-read', 'COPY (SELECT * FROM orders FOR UPDATE) TO STDOUT'],
  ['locking-read', 'DECLARE c CURSOR FOR SELECT * FROM orders FOR UPDATE'],
  ['write', 'UPDATE jobs SET n = 1 WHERE id = (SELECT id FROM jobs FOR UPDATE SKIP LOCKED)'],
  ['read', 'SELECT "for" update FROM orders'],
  [
    'read',
    'SELECT COUNT(DISTINCT("o"."id")) AS "cnt" FROM "orders" "o" WHERE "o"."id" IN ($1, $2)',
  ],
  ['read', '(SELECT 1) UNION (SELECT 2)'],
  ['read', 'SHOW server_version'],
  ['read', "SET LOCAL lock_timeout = '1s'"],
  ['read', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
  ['read', 'EXPLAIN UPDATE orders SET n = 1'],
  ['read', 'PREPARE p AS SELECT 1'],
  ['read', 'DECLARE c CURSOR FOR SELECT 1'],
  ['maybe-write', 'SELECT transfer(1, 2)'],
  ['maybe-write', 'SELECT "Transfer" (1, 2)'],
  ['maybe-write', 'SELECT bank.transfer(1, 2)'],
  ['maybe-write', 'COPY orders TO STDOUT'],
  ['write', 'INSERT INTO orders VALUES (1)'],
  ['write', '/* note /* nested */ */ UPDATE orders SET n = 1'],
  ['write', 'delete from orders'],
  ['write', 'MERGE INTO orders USING x ON true WHEN MATCHED THEN DELETE'],
  ['write', 'WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone'],
  ['write', 'CALL settle()'],
  ['write', 'DO $$ BEGIN DELETE FROM orders; END $$'],
  ['write', 'EXECUTE p(1)'],
  ['write', 'EXPLAIN (ANALYZE) DELETE FROM orders'],
  ['write', 'SELECT 1; UPDATE orders SET n = 1'],
  ['begin', 'BEGIN'],
  ['begin', 'START TRANSACTION'],
  ['begin', 'begin isolation level repeatable read;'],
  ['commit', 'COMMIT'],
  ['commit', 'END TRANSACTION'],
  ['commit', 'COMMIT AND NO CHAIN'],
  ['rollback', 'ROLLBACK'],
  ['rollback', 'ABORT'],
  ['savepoint', 'SAVEPOINT typeorm_1'],
  ['savepoint', 'ROLLBACK TO SAVEPOINT typeorm_1'],
  ['savepoint', 'RELEASE SAVEPOINT typeorm_1'],
  ['refused', 'TRUNCATE orders'],
  ['refused', 'CREATE TABLE x (id int)'],
  ['refused', 'ALTER TABLE orders ADD n int'],
  ['refused', 'DROP TABLE orders'],
  ['refused', 'SELECT * INTO copy FROM orders'],
  ['refused', 'COPY orders FROM STDIN'],
  ['refused', "PREPARE TRANSACTION 'x'"],
  ['refused', "COMMIT PREPARED 'x'"],
  ['refused', 'COMMIT AND CHAIN'],
  ['refused', "SET dtx.tag = ''"],
  ['refused', 'SET LOCAL "dtx"."xid" TO DEFAULT'],
  ['refused', 'RESET ALL'],
  ['refused', 'DISCARD ALL'],
  ['refused', 'BEGIN; UPDATE orders SET n = 1; COMMIT'],
  ['refused', 'UPDATE orders SET n = 1; TRUNCATE orders'],
  ['refused', 'FROBNICATE orders'],
];

describe('classifyStatement', () => {
  it.each(kinds)('says %s of: %s', (kind, sql) => {
    expect(classifyStatement(sql).kind).toBe(kind);
  });

  it.each([
    ["SELECT 'it''s; DROP TABLE x'", 'read'],
    ["SELECT E'it\\'s; DROP TABLE x'", 'read'],
    ['SELECT $tag$ ; DROP TABLE x; $$ $tag$', 'read'],
    ['SELECT "a""; DROP TABLE x"', 'read'],
    ["SELECT 'a\\'; DROP TABLE x; --'", 'refused'],
    ['SELECT 1 /* ; DROP TABLE x */', 'read'],
    ['SELECT 1 -- \n; DROP TABLE x', 'refused'],
    ['SELECT $1::int; DROP TABLE x', 'refused'],
  ])('reads quotes and comments as the server does: %s', (sql, kind) => {
    expect(classifyStatement(sql).kind).toBe(kind);
  });

  it.each([
    ['TRUNCATE orders', /DELETE FROM/],
    ['DROP TABLE orders', /migration/],
    ['COPY orders FROM STDIN', /INSERT/],
    ['BEGIN; SELECT 1; COMMIT', /a query of its own/],
    ["PREPARE TRANSACTION 'x'", /XA/],
    ['FROBNICATE', /outside the global transaction/],
  ])('says what to do instead of: %s', (sql, advice) => {
    expect(classifyStatement(sql).reason).toMatch(advice);
  });
});
