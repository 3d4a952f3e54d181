import type { LockConflict } from '../../../protocol/index.js';
import type { SqliteDatabase } from '../../at/sqlite/index.js';

interface Read {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Whose rows do not count. */
  readonly xid: string | undefined;
}

interface Opcode {
  readonly opcode: string;
  readonly p2: number | bigint;
  readonly p3: number | bigint;
}

/**
 * Whether another undecided transaction holds a row of a table that the statement reads. SQLite
 * does not tell which rows a statement has read, but its program tells exactly which tables, also
 * through views: it opens them by the page where they begin.
 */
export function holderOfRead(
  database: SqliteDatabase,
  { sql, values, xid }: Read,
): LockConflict | undefined {
  const program = database.prepare(`EXPLAIN ${sql}`).all(...values) as Opcode[];
  const pages = program.flatMap(({ opcode, p2, p3 }) =>
    opcode === 'OpenRead' && Number(p3) === 0 ? [Number(p2)] : [],
  );
  if (pages.length === 0) return undefined;
  const marks = pages.map(() => '?').join(', ');
  const [held] = database
    .prepare(
      `SELECT u.tbl AS "table", u.pk AS "key", u.xid AS holderXid FROM main.dtx_undo_row AS u
       WHERE u.xid IS NOT ? AND u.shape <> '0' AND u.tbl IN (
         SELECT tbl_name FROM main.sqlite_master WHERE rootpage IN (${marks}))
       LIMIT 1`,
    )
    .all(xid ?? null, ...pages) as LockConflict[];
  return held;
}
