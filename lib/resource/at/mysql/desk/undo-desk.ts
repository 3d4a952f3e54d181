import { AtInstallError, messageOf } from '../../../../protocol/index.js';
import type {
  HeldLock,
  HeldRow,
  HeldRowFilter,
  OrderReport,
  SqlSession,
  SqlSource,
  UndoDesk,
  UndoOrder,
} from '../../at-engine.interface.js';
import { FENCE, IS_FENCE, IS_NO_FENCE, LOCK_SHAPE } from '../agreement.js';
import { lockFence, stateOfFence } from '../fence.js';
import { errnoOf, inTransaction, queryRows } from '../session.js';
import { forgetRows } from '../own-rows.js';
import { Restorer } from '../undo/restorer.js';
import type { StoredUndoRow } from '../undo/undo-row.js';
import { SELECT_UNDO_ROWS, storedFrom } from '../undo/undo-row.js';
import { lookAt } from './look-at.js';

/** What people ask of the undo rows of one MariaDB or MySQL database. */
export class MysqlUndoDesk implements UndoDesk {
  readonly #source: SqlSource;
  readonly #resourceId: string;

  /** @param resourceId for messages */
  constructor(source: SqlSource, resourceId: string) {
    this.#source = source;
    this.#resourceId = resourceId;
  }

  locks(filter: HeldRowFilter, limit: number): Promise<readonly HeldLock[]> {
    return this.#read(async (session) => {
      const { sql, values } = conditionOf(filter);
      const rows = await queryRows(
        session,
        `SELECT u.xid AS xid, CAST(u.branch AS CHAR) AS branch, u.tbl AS tbl,
           COALESCE(u.shown, u.pk) AS shown,
           FLOOR(UNIX_TIMESTAMP(${SINCE}) * 1000) AS since,
           COALESCE(f.state = ${String(FENCE.undone)}, 0) AS is_left
         FROM dtx_undo_row u
         LEFT JOIN dtx_undo_row f ON f.xid = u.xid AND f.branch = u.branch AND f.${IS_FENCE}
         WHERE ${sql} ORDER BY ${SINCE}, u.xid, u.branch, u.seq
         LIMIT ${String(Math.trunc(limit))}`,
        values,
      );
      return rows.map((row) => ({
        xid: row['xid'] ?? '',
        branchId: row['branch'] ?? '',
        table: row['tbl'] ?? '',
        key: row['shown'] ?? '',
        sinceMs: Number(row['since']),
        isLeft: row['is_left'] === '1',
      }));
    });
  }

  rows(filter: HeldRowFilter, limit: number): Promise<readonly HeldRow[]> {
    return this.#read(async (session) => {
      const held: HeldRow[] = [];
      for (const row of await find(session, filter, `LIMIT ${String(Math.trunc(limit))}`)) {
        const isLeft = (await stateOfFence(session, row, '')) === FENCE.undone;
        held.push({ ...(await lookAt(session, row, '')).held, isLeft });
      }
      return held;
    });
  }

  order(
    order: UndoOrder,
    filter: HeldRowFilter & { readonly xid: string },
    parkedBranchIds: readonly string[] = [],
  ): Promise<OrderReport> {
    const isFree = async (session: SqlSession, row: StoredUndoRow): Promise<boolean> => {
      const isParked = parkedBranchIds.includes(row.branchId);
      // A rollback that has left no mark yet has to wait all the same.
      const state = isParked
        ? await lockFence(session, row)
        : await stateOfFence(session, row, 'FOR UPDATE');
      return isParked || state === FENCE.undone;
    };
    return this.#read(async (session) => {
      const done: { table: string; key: string }[] = [];
      const left: { table: string; key: string; reason: string }[] = [];
      const rows = await find(session, filter, '');
      for (const row of rows.filter(({ shape }) => shape !== LOCK_SHAPE)) {
        const mayDecide = await isFree(session, row);
        const reason = mayDecide ? await carryOut(session, order, row) : NOT_LEFT;
        const name = { table: row.tbl, key: row.shown };
        if (reason === undefined) done.push(name);
        else left.push({ ...name, reason });
      }
      await forgetLocks(session, filter.xid, isFree);
      return { done, left };
    });
  }

  async #read<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    try {
      return await this.#source.withSession((session) =>
        inTransaction(session, () => work(session)),
      );
    } catch (error) {
      if (errnoOf(error) !== NO_SUCH_TABLE || !/\.dtx_/.test(messageOf(error))) throw error;
      throw new AtInstallError(this.#resourceId, NOT_INSTALLED, { cause: error });
    }
  }
}

const NO_SUCH_TABLE = 1146;

const NOT_INSTALLED = 'it has no tables dtx_*. To set it up: npx nestjs-dtx at install';

async function find(
  session: SqlSession,
  filter: HeldRowFilter,
  limit: string,
): Promise<readonly StoredUndoRow[]> {
  const { sql, values } = conditionOf(filter);
  const text = `${SELECT_UNDO_ROWS} WHERE ${sql} ORDER BY u.seq DESC ${limit}`;
  return (await queryRows(session, text, values)).map(storedFrom);
}

function conditionOf({ branchId, key, table, xid }: HeldRowFilter): {
  readonly sql: string;
  readonly values: readonly string[];
} {
  const conditions = [
    { sql: 'u.xid = ?', values: xid },
    { sql: 'u.branch = CAST(? AS UNSIGNED)', values: branchId },
    // Locks that are no rows are named after their table, too.
    { sql: "? IN (u.tbl, SUBSTRING_INDEX(u.tbl, ' (', 1))", values: table },
    { sql: 'COALESCE(u.shown, u.pk) = ?', values: key },
  ].filter(({ values }) => values !== undefined);
  return {
    sql: [`u.${IS_NO_FENCE}`, ...conditions.map(({ sql }) => sql)].join(' AND '),
    values: conditions.map(({ values }) => values ?? ''),
  };
}

const NOT_LEFT =
  'no rollback has left it: its transaction is undecided, or phase two has not come to it yet';

/** When a rollback has left the branch; else when the first of its rows that match was written. */
const SINCE = 'COALESCE(f.written_at, MIN(u.written_at) OVER (PARTITION BY u.xid, u.branch))';

const CANNOT_READ = 'its images cannot be read';

/** @returns why the row is as it was; undefined when the order is carried out */
async function carryOut(
  session: SqlSession,
  order: UndoOrder,
  stored: StoredUndoRow,
): Promise<string | undefined> {
  const { held, row } = await lookAt(session, stored, 'FOR UPDATE');
  if (order === 'force-before' && held.state !== 'as-before') {
    if (row === undefined) return held.trouble ?? CANNOT_READ;
    const now = { ...row.undo, after: row.current };
    const reason = (await new Restorer(session).restore([now])).get(now);
    if (reason !== undefined) return reason;
  }
  await forgetRows(session, [stored]);
  return undefined;
}

/** Locks that are no rows go with the last row of their branch. */
async function forgetLocks(
  session: SqlSession,
  xid: string,
  isFree: (session: SqlSession, row: StoredUndoRow) => Promise<boolean>,
): Promise<void> {
  const rows = await find(session, { xid }, 'FOR UPDATE');
  const held = new Set(rows.filter(({ shape }) => shape !== LOCK_SHAPE).map((r) => r.branchId));
  const idle = rows.filter(({ branchId }) => !held.has(branchId));
  const free: StoredUndoRow[] = [];
  for (const row of idle) if (await isFree(session, row)) free.push(row);
  await forgetRows(session, free);
}
