import type { StatementKind } from '../../../lib/resource/at/index.js';
import { classifyStatement } from '../../../lib/resource/driver/mysql2/classify-statement.js';

const kinds: readonly (readonly [StatementKind, string])[] = [
  ['read', ''],
  ['read', '-- only a comment'],
  ['read', '# only a comment'],
  ['read', 'SELECT 1'],
  ['read', 'SELECT 1--1'],
  ['read', "select id from `insert` where note = '; DELETE FROM x'"],
  ['read', 'SELECT "; DELETE FROM x"'],
  ['read', 'SELECT `a``; DELETE FROM x` FROM t'],
  ['read', 'SELECT COUNT(DISTINCT(`o`.`id`)) AS `cnt` FROM `orders` `o` WHERE `o`.`id` IN (?, ?)'],
  ['read', '(SELECT 1) UNION (SELECT 2)'],
  ['read', 'WITH o AS (SELECT 1) SELECT * FROM o'],
  ['read', 'SELECT INSERT(name, 1, 2, "x"), REPLACE(name, "a", "b") FROM t'],
  ['read', 'SELECT 1 INTO @total'],
  ['read', 'SELECT NEXTVAL(s), NEXT VALUE FOR s'],
  ['read', 'SHOW VARIABLES'],
  ['read', 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE'],
  ['read', "SET NAMES 'utf8mb4'"],
  ['read', 'EXPLAIN UPDATE orders SET n = 1'],
  ['read', 'SELECT /*! STRAIGHT_JOIN */ * FROM a JOIN b'],
  ['read', 'SELECT /*+ NO_MERGE(a) */ * FROM a'],
  ['read', 'DO SLEEP(0)'],
  ['read', 'SET STATEMENT max_statement_time = 1 FOR SELECT 1'],
  ['locking-read', 'SELECT * FROM orders WHERE id = ? FOR UPDATE'],
  ['locking-read', 'SELECT * FROM orders WHERE id = ? FOR SHARE SKIP LOCKED'],
  ['locking-read', 'SELECT * FROM orders LOCK IN SHARE MODE'],
  ['locking-read', 'WITH o AS (SELECT 1) SELECT * FROM orders FOR UPDATE'],
  ['write', 'SELECT transfer(1, 2)'],
  ['write', 'SELECT `Transfer` (1, 2)'],
  ['write', 'SELECT bank.abs(1)'],
  ['write', 'SELECT count (1)'],
  ['write', 'SET @x = transfer(1, 2)'],
  ['write', 'INSERT INTO orders VALUES (1)'],
  ['write', '/* note */ UPDATE orders SET n = 1'],
  ['write', 'delete from orders'],
  ['write', 'REPLACE INTO orders VALUES (1)'],
  ['write', 'WITH o AS (SELECT 1) DELETE FROM orders'],
  ['write', 'CALL settle()'],
  ['write', 'DO settle()'],
  ['write', 'ANALYZE UPDATE orders SET n = 1'],
  ['write', 'EXPLAIN ANALYZE SELECT 1'],
  ['write', 'SELECT 1; UPDATE orders SET n = 1'],
  ['write', 'UPDATE orders SET n = 1 /*! , m = 2 */'],
  ['write', 'SET STATEMENT max_statement_time = 1 FOR UPDATE orders SET n = 1'],
  // Under NO_BACKSLASH_ESCAPES the string ends before the semicolon.
  ['write', "SELECT '\\'; DELETE FROM x; -- '"],
  ['write', "INSERT INTO notes VALUES ('it\\'s; DROP TABLE x')"],
  ['begin', 'BEGIN'],
  ['begin', 'begin work'],
  ['begin', 'START TRANSACTION'],
  ['begin', 'START TRANSACTION READ ONLY, WITH CONSISTENT SNAPSHOT'],
  ['commit', 'COMMIT'],
  ['commit', 'COMMIT WORK AND NO CHAIN NO RELEASE'],
  ['rollback', 'ROLLBACK'],
  ['savepoint', 'SAVEPOINT typeorm_1'],
  ['savepoint', 'ROLLBACK TO SAVEPOINT typeorm_1'],
  ['savepoint', 'RELEASE SAVEPOINT typeorm_1'],
  ['refused', 'TRUNCATE orders'],
  ['refused', 'CREATE TABLE x (id int)'],
  ['refused', 'ALTER TABLE orders ADD n int'],
  ['refused', 'DROP TABLE orders'],
  ['refused', 'RENAME TABLE orders TO x'],
  ['refused', "LOAD DATA INFILE 'x' INTO TABLE orders"],
  ['refused', 'LOCK TABLES orders WRITE'],
  ['refused', 'UNLOCK TABLES'],
  ['refused', "XA START 'x'"],
  ['refused', 'HANDLER orders OPEN'],
  ['refused', "PREPARE p FROM 'DELETE FROM orders'"],
  ['refused', 'EXECUTE p'],
  ['refused', "EXECUTE IMMEDIATE 'DELETE FROM orders'"],
  ['refused', 'SET autocommit = 0'],
  ['refused', 'SET @@session.autocommit = 0'],
  ['refused', 'SET SESSION `autocommit` = 0'],
  ['refused', 'SET @@completion_type = 1'],
  ['refused', 'SET @dtx_tag = NULL'],
  ['refused', 'SELECT @`DTX_tag` := NULL'],
  ['refused', "SET PASSWORD = 'x'"],
  ['refused', 'ANALYZE TABLE orders'],
  ['refused', 'COMMIT AND CHAIN'],
  ['refused', 'ROLLBACK RELEASE'],
  ['refused', 'BEGIN NOT ATOMIC DELETE FROM x; END'],
  ['refused', 'BEGIN; UPDATE orders SET n = 1; COMMIT'],
  ['refused', "SELECT 1 INTO OUTFILE '/tmp/x'"],
  ['refused', 'START SLAVE'],
  ['refused', 'FLUSH TABLES'],
  ['refused', 'FROBNICATE orders'],
  ['refused', '/*!99999 SELECT */ DELETE FROM orders'],
  ['refused', 'SELECT 1 /*! INTO OUTFILE "x" */'],
  ['refused', 'SELECT 1 /*M! FOR UPDATE */'],
  ['refused', 'DELETE FROM a /*! ; DROP TABLE b */'],
  ['refused', '/*!50003 TRUNCATE orders */'],
  ['refused', 'SELECT 1 /*! FROM t'],
];

describe('classifyStatement of MySQL and MariaDB', () => {
  it.each(kinds)('%s: %s', (kind, sql) => {
    expect(classifyStatement(sql).kind).toBe(kind);
  });

  it('names the verb, and the reason of a refusal', () => {
    expect(classifyStatement('  drop table x')).toEqual({
      kind: 'refused',
      label: 'DROP TABLE',
      reason: expect.stringMatching(/commits the local transaction.*migration/),
    });
  });

  it('reads a text of a megabyte in one pass', () => {
    const sql = `INSERT INTO notes VALUES ${"('a\\'b'),".repeat(100_000)}('end')`;

    expect(classifyStatement(sql).kind).toBe('write');
  });
});
