import type {
  HeldLock,
  HeldRow,
  HeldRowFilter,
  OrderReport,
  UndoDesk,
  UndoOrder,
} from '../at-engine.interface.js';
import { FENCE, FENCE_TABLE, LOCK_SHAPE, UNDO_TABLE } from './agreement.js';
import { rowsOf, tablesOf } from './catalog.js';
import { inTransaction } from './install/our-tables.js';
import { referencesAmong } from './references.js';
import { readImage } from './row-image.js';
import type { SqliteDatabase, SqliteSource } from './sqlite-database.interface.js';
import type { TableDefinition } from './table-definition.js';
import type { StoredUndoRow } from './undo/read-undo-rows.js';
import { STORED_COLUMNS, undoRowOf } from './undo/read-undo-rows.js';
import { Restorer } from './undo/restorer.js';
import { forgetLocks } from './undo/rollback-branch.js';
import { currentImage } from './undo/row-statements.js';
import type { UndoRow } from './undo/undo-row.js';
import { anyImage } from './undo/undo-row.js';

/** What people ask of the undo rows of one SQLite file. */
export class SqliteUndoDesk implements UndoDesk {
  readonly #source: SqliteSource;

  constructor(source: SqliteSource) {
    this.#source = source;
  }

  locks(filter: HeldRowFilter, limit: number): Promise<readonly HeldLock[]> {
    return this.#source.withDatabase(({ database }) => {
      const { values, where } = conditionOf(filter);
      const found = rowsOf<Omit<HeldLock, 'sinceMs'> & { readonly since: string }>(
        database,
        `SELECT u.xid, u.branch AS branchId, u.tbl AS "table", u.pk AS "key",
           coalesce(f.changed_at, 0) || '' AS since
         FROM main.${UNDO_TABLE} AS u
         LEFT JOIN main.${FENCE_TABLE} AS f ON f.xid = u.xid AND f.branch = u.branch
         WHERE ${where} ORDER BY u.seq LIMIT ?`,
        ...values,
        limit,
      );
      return found.map(({ since, ...lock }) => ({ ...lock, sinceMs: Number(since) }));
    });
  }

  rows(filter: HeldRowFilter, limit: number): Promise<readonly HeldRow[]> {
    return this.#source.withDatabase(({ database }) => {
      const tables = tablesOf(database);
      return storedFor(database, filter, limit).map((row) => heldRow(database, tables, row));
    });
  }

  order(order: UndoOrder, filter: HeldRowFilter & { readonly xid: string }): Promise<OrderReport> {
    return this.#source.withDatabase((connection) =>
      connection.quietly(() =>
        inTransaction(connection.database, () => carryOut(connection.database, order, filter)),
      ),
    );
  }
}

const NOT_LEFT =
  'its branch was not rolled back yet. Let phase two come to it first; then decide about what it ' +
  'leaves.';

function carryOut(
  database: SqliteDatabase,
  order: UndoOrder,
  filter: HeldRowFilter & { readonly xid: string },
): OrderReport {
  const tables = tablesOf(database);
  const all = storedFor(database, filter, ALL).filter(({ shape }) => shape !== LOCK_SHAPE);
  const reasons = new Map<StoredUndoRow, string>();
  const undoRows = new Map<StoredUndoRow, UndoRow>();
  for (const row of all) {
    const undoRow = undoRowOf(tables, row);
    if (!isLeft(database, row)) reasons.set(row, NOT_LEFT);
    else if (typeof undoRow !== 'string') undoRows.set(row, undoRow);
    else if (order === 'force-before') reasons.set(row, undoRow);
  }
  if (order === 'force-before') {
    // The latest change first, as a rollback does it.
    const failures = new Restorer(database, referencesAmong(tables)).restore(
      [...undoRows.values()].reverse(),
    );
    for (const [row, undoRow] of undoRows) {
      const reason = failures.get(undoRow);
      if (reason !== undefined) reasons.set(row, reason);
    }
  }
  const done = all.filter((row) => !reasons.has(row));
  const forget = database.prepare(`DELETE FROM main.${UNDO_TABLE} WHERE seq = CAST(? AS INTEGER)`);
  for (const { branch, seq, xid } of done) {
    forget.run(seq);
    forgetLocks(database, { xid, branchId: branch });
  }
  return {
    done: done.map(({ pk, tbl }) => ({ table: tbl, key: pk })),
    left: [...reasons].map(([{ pk, tbl }, reason]) => ({ table: tbl, key: pk, reason })),
  };
}

/** SQLite: no limit. */
const ALL = -1;

function isLeft(database: SqliteDatabase, { branch, xid }: StoredUndoRow): boolean {
  const sql = `SELECT 1 FROM main.${FENCE_TABLE} WHERE xid = ? AND branch = ? AND state = ?`;
  return rowsOf(database, sql, xid, branch, FENCE.undone).length > 0;
}

function heldRow(
  database: SqliteDatabase,
  tables: readonly TableDefinition[],
  row: StoredUndoRow,
): HeldRow {
  const { branch: branchId, pk: key, shape, tbl: table, xid } = row;
  const common = { xid, branchId, table, key };
  const none = { before: undefined, after: undefined, current: undefined };
  if (shape === LOCK_SHAPE) return { ...common, ...none, state: 'lock' };
  const undoRow = undoRowOf(tables, row);
  if (typeof undoRow === 'string') return { ...common, ...none, state: 'dirty', trouble: undoRow };
  const current = currentImage(database, undoRow.table, anyImage(undoRow));
  const read = (image: string | undefined): HeldRow['before'] =>
    image === undefined ? undefined : readImage(undoRow.table, image);
  return {
    ...common,
    before: read(undoRow.before),
    after: read(undoRow.after),
    current: read(current),
    state: stateOf(undoRow, current),
  };
}

function stateOf({ after, before }: UndoRow, current: string | undefined): HeldRow['state'] {
  if (current === after) return 'as-left';
  return current === before ? 'as-before' : 'dirty';
}

function storedFor(
  database: SqliteDatabase,
  filter: HeldRowFilter,
  limit: number,
): readonly StoredUndoRow[] {
  const { values, where } = conditionOf(filter);
  return rowsOf<StoredUndoRow>(
    database,
    `SELECT ${STORED_COLUMNS} FROM main.${UNDO_TABLE} AS u WHERE ${where} ORDER BY u.seq LIMIT ?`,
    ...values,
    limit,
  );
}

function conditionOf({ branchId, key, table, xid }: HeldRowFilter): {
  readonly where: string;
  readonly values: readonly string[];
} {
  const given = { xid, branch: branchId, tbl: table, pk: key };
  const parts = Object.entries(given).flatMap(([column, value]) =>
    value === undefined ? [] : [{ condition: `u.${column} = ?`, value }],
  );
  return {
    where: parts.map(({ condition }) => condition).join(' AND ') || 'true',
    values: parts.map(({ value }) => value),
  };
}
