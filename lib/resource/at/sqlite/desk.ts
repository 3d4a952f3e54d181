import { AtInstallError } from '../../../protocol/index.js';
import type {
  HeldLock,
  HeldRow,
  HeldRowFilter,
  OrderReport,
  UndoDesk,
  UndoOrder,
} from '../at-engine.interface.js';
import { FENCE, FENCE_TABLE, LOCK_SHAPE, UNDO_TABLE } from './agreement.js';
import { tablesOf } from './catalog.js';
import { rowsOf } from './read-rows.js';
import { inTransaction, missingTables } from './install/our-tables.js';
import { referencesAmong } from './references.js';
import { readImage } from './row-image.js';
import type {
  CapturedConnection,
  SqliteDatabase,
  SqliteSource,
} from './sqlite-database.interface.js';
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
  readonly #resourceId: string;

  /** @param resourceId for messages */
  constructor(source: SqliteSource, resourceId: string) {
    this.#source = source;
    this.#resourceId = resourceId;
  }

  locks(filter: HeldRowFilter, limit: number): Promise<readonly HeldLock[]> {
    return this.#look(({ database }) => {
      const { values, where } = conditionOf(filter);
      const found = rowsOf<StoredLock>(
        database,
        `SELECT u.xid, u.branch AS branchId, u.tbl AS "table", u.pk AS "key",
           coalesce(f.changed_at, 0) || '' AS since, coalesce(f.state, 0) || '' AS state
         FROM main.${UNDO_TABLE} AS u
         LEFT JOIN main.${FENCE_TABLE} AS f ON f.xid = u.xid AND f.branch = u.branch
         WHERE ${where} ORDER BY f.changed_at, u.xid, u.branch, u.seq LIMIT ?`,
        ...values,
        limit,
      );
      return found.map(({ since, state, ...lock }) => ({
        ...lock,
        sinceMs: Number(since),
        isLeft: state === UNDONE,
      }));
    });
  }

  rows(filter: HeldRowFilter, limit: number): Promise<readonly HeldRow[]> {
    return this.#look(({ database }) => {
      const tables = tablesOf(database);
      return storedFor(database, filter, limit).map((row) => heldRow(database, tables, row));
    });
  }

  order(
    order: UndoOrder,
    filter: HeldRowFilter & { readonly xid: string },
    parkedBranchIds: readonly string[] = [],
  ): Promise<OrderReport> {
    return this.#look((connection) =>
      connection.quietly(() =>
        inTransaction(connection.database, () =>
          carryOut(connection.database, order, { filter, parkedBranchIds }),
        ),
      ),
    );
  }

  #look<T>(work: (connection: CapturedConnection) => T): Promise<T> {
    return this.#source.withDatabase((connection) => {
      if (missingTables(connection.database).length > 0) {
        throw new AtInstallError(this.#resourceId, NOT_INSTALLED);
      }
      return work(connection);
    });
  }
}

type StoredLock = Omit<HeldLock, 'sinceMs' | 'isLeft'> & {
  readonly since: string;
  readonly state: string;
};

const NOT_INSTALLED = 'the file has no tables dtx_*. To set it up: npx nestjs-dtx at install';

const NOT_LEFT =
  'no rollback has left it: its transaction is undecided, or phase two has not come to it yet';

const UNDONE = String(FENCE.undone);

interface Picked {
  readonly filter: HeldRowFilter & { readonly xid: string };
  /** Branches of which the coordinator says that their rollback needs a person. */
  readonly parkedBranchIds: readonly string[];
}

function carryOut(
  database: SqliteDatabase,
  order: UndoOrder,
  { filter, parkedBranchIds }: Picked,
): OrderReport {
  const tables = tablesOf(database);
  const all = storedFor(database, filter, ALL).filter(({ shape }) => shape !== LOCK_SHAPE);
  const reasons = new Map<StoredUndoRow, string>();
  const undoRows = new Map<StoredUndoRow, UndoRow>();
  for (const row of all) {
    const undoRow = undoRowOf(tables, row);
    const mayDecide = isLeft(database, row) || parkedBranchIds.includes(row.branch);
    if (!mayDecide) reasons.set(row, NOT_LEFT);
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
  const common = { xid, branchId, table, key, isLeft: isLeft(database, row) };
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
  const parts = [
    { condition: 'u.xid = ?', value: xid },
    { condition: 'u.branch = ?', value: branchId },
    // Locks that are no rows are named after their table, too.
    { condition: "? IN (u.tbl, substr(u.tbl, 1, instr(u.tbl, ' (') - 1))", value: table },
    { condition: 'u.pk = ?', value: key },
  ].flatMap(({ condition, value }) => (value === undefined ? [] : [{ condition, value }]));
  return {
    where: parts.map(({ condition }) => condition).join(' AND ') || 'true',
    values: parts.map(({ value }) => value),
  };
}
