import type { SqlSession } from '../../at-engine.interface.js';
import { LOCK_SHAPE } from '../agreement.js';
import { findRows } from '../catalog.js';
import { queryJson } from '../session.js';
import type { TableDefinition } from '../table-definition.js';
import { shapeOf } from '../table-definition.js';
import { attempt } from './attempt.js';
import type { Comparison } from './compare-rows.js';
import { compareRows, lockRows } from './compare-rows.js';
import type { LeftRow, UndoRow } from './undo-row.js';

/** Undo rows, by what is to be done with them. */
interface UndoRows {
  /** As their branch has left them: to be restored, in this order. */
  readonly clean: readonly UndoRow[];
  /** As they were before their branch. */
  readonly settled: readonly UndoRow[];
  readonly left: readonly LeftRow[];
}

/** An undo row as it is stored, without its images. */
interface StoredUndoRow {
  readonly branchId: string;
  readonly tbl: string;
  readonly shape: string;
  readonly key: string;
  readonly version: string;
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
  /** Whether a branch did not find the row as the one before it had left it. */
  readonly isBroken: boolean;
}

/** A table that is locked against changes of its columns, or why it could not be. */
type LockedTable = TableDefinition | string;

/** What is true of an undo row; a text says why its row has to be left. */
type Verdict = { readonly row: UndoRow; readonly isSettled: boolean } | string;

/** Branches of one transaction. */
export interface UndoScope {
  readonly xid: string;
  readonly branchIds: readonly string[];
  /** Whether rows count as clean that others have changed: they are overwritten. @default false */
  readonly isForced?: boolean;
}

/**
 * Locks the rows that the branches have changed and compares them with their images. The undo rows
 * are not locked: writers lock the row first and meet its undo row then, so the other order would
 * make deadlocks.
 */
export async function readUndoRows(session: SqlSession, scope: UndoScope): Promise<UndoRows> {
  const tables = new Map<string, LockedTable>();
  for (const [name, rows] of byTable(await storedRows(session, scope))) {
    tables.set(name, await lockTable(session, scope.xid, name, rows));
  }
  // Read again behind the locks and before the comparison. Another branch of the transaction may
  // have changed a row until it was locked, or may still bring back one that is not there to be
  // locked: the undo row that is deleted in the end must be the one that was compared.
  const undoRows = await storedRows(session, scope);
  const verdicts = new Map<StoredUndoRow, Verdict>();
  for (const [name, rows] of byTable(undoRows)) {
    const table = tables.get(name) ?? 'it was written while the rollback was under way';
    for (const entry of await judge(session, scope, table, rows)) verdicts.set(...entry);
  }
  return sortOut(undoRows, verdicts);
}

/** In the reverse order of the changes. What is only a lock has nothing to be compared with. */
function storedRows(
  session: SqlSession,
  { branchIds, xid }: UndoScope,
): Promise<readonly StoredUndoRow[]> {
  return queryJson(
    session,
    `SELECT json_build_object('branchId', branch::text, 'tbl', tbl, 'shape', shape::text,
       'key', pk, 'version', xmin::text, 'hasBefore', before IS NOT NULL,
       'hasAfter', after IS NOT NULL, 'isBroken', expected[1] IS NOT NULL)::text
     FROM dtx.undo_row WHERE xid = $1 AND branch = ANY ($2) AND shape <> ${String(LOCK_SHAPE)}
     ORDER BY seq DESC`,
    [xid, branchIds],
  );
}

/** By name, so that two rollbacks lock in one order. */
function byTable(
  rows: readonly StoredUndoRow[],
): readonly (readonly [string, readonly StoredUndoRow[]])[] {
  const names = [...new Set(rows.map(({ tbl }) => tbl))].sort();
  return names.map((name) => [name, rows.filter(({ tbl }) => tbl === name)]);
}

/** The name as the catalogue writes it: a stored text does not go into a statement. */
const QUALIFIED_NAME = `
SELECT to_json(format('%I.%I', n.nspname, c.relname))::text FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = to_regclass($1)`;

const GONE = 'the table is gone or has another name';
const HIDDEN = 'row-level security hides rows of the table from the role of the data source';

async function lockTable(
  session: SqlSession,
  xid: string,
  name: string,
  rows: readonly StoredUndoRow[],
): Promise<LockedTable> {
  const [qualified] = await queryJson<string>(session, QUALIFIED_NAME, [name]);
  if (qualified === undefined) return GONE;
  let table: TableDefinition | undefined;
  const failure = await attempt(session, 'dtx_table', async () => {
    await session.query(`LOCK TABLE ONLY ${qualified} IN ROW EXCLUSIVE MODE`);
    table = await findRows(session, qualified);
    if (table === undefined) return;
    const keys = ofShape(table, rows).map(({ key }) => key);
    if (keys.length > 0) await lockRows(session, xid, table, keys);
  });
  if (table?.hidesRows === true) return HIDDEN;
  return failure?.reason ?? table ?? GONE;
}

const ofShape = (
  table: TableDefinition,
  rows: readonly StoredUndoRow[],
): readonly StoredUndoRow[] => {
  const shape = shapeOf(table);
  return rows.filter((row) => row.shape === shape);
};

const CHANGED_TABLE =
  'the columns or the primary key of the table have changed since (the old columns are in ' +
  'dtx.table_shape)';

const DIRTY = 'the row was changed by a writer outside of the transaction';

async function judge(
  session: SqlSession,
  { isForced = false, xid }: UndoScope,
  table: LockedTable,
  rows: readonly StoredUndoRow[],
): Promise<readonly (readonly [StoredUndoRow, Verdict])[]> {
  if (typeof table === 'string') return rows.map((row) => [row, table]);
  const readable = new Set(ofShape(table, rows));
  let comparisons: ReadonlyMap<string, Comparison> = new Map();
  const failure = await attempt(session, 'dtx_table', async () => {
    const keys = [...readable].map(({ key }) => key);
    if (keys.length > 0) comparisons = await compareRows(session, xid, table, keys);
  });
  return rows.map((row) => {
    if (!readable.has(row)) return [row, CHANGED_TABLE];
    if (failure !== undefined) return [row, failure.reason];
    const judged = isForced ? forcedVerdict : verdictOf;
    return [row, judged(table, row, comparisons.get(row.key))];
  });
}

function verdictOf(
  table: TableDefinition,
  { branchId, hasAfter, hasBefore, isBroken, key, version }: StoredUndoRow,
  comparison: Comparison | undefined,
): Verdict {
  const changed = comparison?.changed ?? [];
  const row = { branchId, table, key, version, hasBefore, hasAfter, changed };
  if (comparison?.isBefore === true) return { row, isSettled: true };
  return comparison?.isAfter === true && !isBroken ? { row, isSettled: false } : DIRTY;
}

/** Whatever stands there now is what the restore starts from. */
function forcedVerdict(
  table: TableDefinition,
  { branchId, hasBefore, key, version }: StoredUndoRow,
  comparison: Comparison | undefined,
): Verdict {
  if (comparison === undefined) return DIRTY;
  const { changed, isThere: hasAfter } = comparison;
  const row = { branchId, table, key, version, hasBefore, hasAfter, changed };
  return { row, isSettled: comparison.isBefore };
}

function sortOut(
  undoRows: readonly StoredUndoRow[],
  verdicts: ReadonlyMap<StoredUndoRow, Verdict>,
): UndoRows {
  const clean: UndoRow[] = [];
  const settled: UndoRow[] = [];
  const left: LeftRow[] = [];
  for (const undoRow of undoRows) {
    const verdict = verdicts.get(undoRow) ?? DIRTY;
    if (typeof verdict === 'string') {
      const { branchId, key, tbl: tableName } = undoRow;
      left.push({ branchId, tableName, key, reason: verdict });
    } else {
      (verdict.isSettled ? settled : clean).push(verdict.row);
    }
  }
  return { clean, settled, left };
}
