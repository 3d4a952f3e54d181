import type { SqlSession } from '../../at-engine.interface.js';
import { LOCK_SHAPE } from '../agreement.js';
import { findTables } from '../catalog.js';
import { isTransient } from '../session.js';
import { identifier } from '../sql-text.js';
import type { ForeignKey, TableDefinition } from '../table-definition.js';
import { shapeOf } from '../table-definition.js';
import { attempt } from './attempt.js';
import { readRows } from './read-rows.js';
import type { LeftRow, StoredUndoRow, UndoRow, UndoScope } from './undo-row.js';
import { hasImage, storedRows } from './undo-row.js';

/** Undo rows, by what is to be done with them. */
export interface JudgedRows {
  /** As their branch has left them: to be restored, in this order. */
  readonly clean: readonly UndoRow[];
  /** As they were before their branch. */
  readonly settled: readonly UndoRow[];
  readonly left: readonly LeftRow[];
  /** Locks that are no rows. */
  readonly locks: readonly StoredUndoRow[];
}

const GONE = 'the table is gone or has another name';

const CHANGED_TABLE =
  'the columns or the primary key of the table have changed since (the old columns are in ' +
  'dtx_table_shape)';

const DIRTY = 'the row was changed by a writer outside of the transaction';

/**
 * Locks the rows that the branches have changed, then their undo rows, in the order of every
 * writer, and compares the rows with their images.
 */
export async function judgeRows(session: SqlSession, scope: UndoScope): Promise<JudgedRows> {
  const found = await storedRows(session, scope, '');
  const rows = found.filter(({ shape }) => shape !== LOCK_SHAPE);
  const verdicts = new Map<StoredUndoRow, Verdict>();
  // By name, so that two rollbacks lock in one order.
  const names = [...new Set(rows.map(({ tbl }) => tbl))].sort();
  const tables = await holdTables(session, names, scope.fromElsewhere);
  for (const name of names) {
    const own = rows.filter(({ tbl }) => tbl === name);
    const judged = await judgeTable(session, tables.get(name), own);
    for (const [row, verdict] of judged) verdicts.set(row, verdict);
  }
  const locked = await storedRows(session, scope, 'FOR UPDATE');
  // Another branch of the transaction may have changed a row that was not there to be locked.
  if (fingerprint(locked) !== fingerprint(found)) {
    throw new Error('undo rows have changed during the rollback');
  }
  return sortOut(found, verdicts);
}

/** What is true of an undo row; a text says why its row has to be left. */
type Verdict = { readonly row: UndoRow; readonly isSettled: boolean } | string;

async function judgeTable(
  session: SqlSession,
  table: TableDefinition | undefined,
  rows: readonly StoredUndoRow[],
): Promise<readonly (readonly [StoredUndoRow, Verdict])[]> {
  if (table === undefined) return rows.map((row) => [row, GONE]);
  const shape = shapeOf(table);
  const readable = new Map(
    rows.filter((row) => row.shape === shape).map((row) => [row, { ...row, table }]),
  );
  let images: ReadonlyMap<string, string> = new Map();
  const failure = await attempt(session, 'dtx_table', async () => {
    images = await readRows(session, table, [...readable.values()].filter(hasImage), 'FOR UPDATE');
  });
  return rows.map((stored) => {
    const row = readable.get(stored);
    if (row === undefined) return [stored, CHANGED_TABLE];
    return [stored, failure?.reason ?? verdictOf(row, images.get(row.pk) ?? null)];
  });
}

function verdictOf(row: UndoRow, current: string | null): Verdict {
  if (!hasImage(row) || current === row.before) return { row, isSettled: true };
  return current === row.after && !row.isBroken ? { row, isSettled: false } : DIRTY;
}

/** The tables as they are, and stay until the end of the transaction; those that there are. */
export async function holdTables(
  session: SqlSession,
  names: readonly string[],
  fromElsewhere: readonly ForeignKey[] = [],
): Promise<ReadonlyMap<string, TableDefinition>> {
  const held: string[] = [];
  for (const name of names) {
    try {
      await session.query(`SELECT 1 AS one FROM ${identifier(name)} LIMIT 0`);
      held.push(name);
    } catch (error) {
      // A failed statement leaves the transaction as it was.
      if (isTransient(error)) throw error;
    }
  }
  return findTables(session, held, fromElsewhere);
}

const fingerprint = (rows: readonly StoredUndoRow[]): string =>
  rows.map(({ changes, pk, tbl }) => JSON.stringify([tbl, pk, changes])).join();

function sortOut(
  stored: readonly StoredUndoRow[],
  verdicts: ReadonlyMap<StoredUndoRow, Verdict>,
): JudgedRows {
  const clean: UndoRow[] = [];
  const settled: UndoRow[] = [];
  const left: LeftRow[] = [];
  for (const row of stored) {
    const verdict = verdicts.get(row);
    if (verdict === undefined) continue;
    if (typeof verdict === 'string') left.push({ row, reason: verdict });
    else (verdict.isSettled ? settled : clean).push(verdict.row);
  }
  const locks = stored.filter(({ shape }) => shape === LOCK_SHAPE);
  return { clean, settled, left, locks };
}
