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
import { assertInstalled } from '../install/usable.js';
import { ROLLBACK_SETTINGS } from '../undo/rollback-branch.js';
import { carryOut } from './carry-out.js';
import { readHeldRows } from './read-held-rows.js';
import { readLocks } from './read-locks.js';

interface PostgresDeskOptions {
  readonly source: SqlSource;
  /** For messages. */
  readonly resourceId: string;
}

/**
 * All texts of one look are of one moment and of one notation. A policy that would hide rows makes
 * the look fail instead, and large tables do not keep a person waiting for ever.
 */
const LOOK_SETTINGS = [...ROLLBACK_SETTINGS, "timezone = 'UTC'", "statement_timeout = '12s'"];

/** Undo rows of one PostgreSQL database, for people. */
export class PostgresDesk implements UndoDesk {
  readonly #options: PostgresDeskOptions;

  constructor(options: PostgresDeskOptions) {
    this.#options = options;
  }

  locks(filter: HeldRowFilter, limit: number): Promise<readonly HeldLock[]> {
    return this.#inSession((session) => readLocks(session, filter, limit));
  }

  rows(filter: HeldRowFilter, limit: number): Promise<readonly HeldRow[]> {
    return this.#inSession(async (session) => {
      const settings = LOOK_SETTINGS.map((setting) => `SET LOCAL ${setting}`).join('; ');
      await session.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${settings}`);
      const rows = await readHeldRows(session, filter, limit);
      await session.query('ROLLBACK');
      return rows;
    });
  }

  order(
    order: UndoOrder,
    filter: HeldRowFilter & { readonly xid: string },
    parkedBranchIds: readonly string[] = [],
  ): Promise<OrderReport> {
    return this.#inSession((session) => carryOut(session, { order, filter, parkedBranchIds }));
  }

  /** A session whose work fails is not used again, so what is open in it ends with it. */
  #inSession<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const { resourceId, source } = this.#options;
    return source.withSession(async (session) => {
      await assertInstalled(session, resourceId);
      return work(session);
    });
  }
}
