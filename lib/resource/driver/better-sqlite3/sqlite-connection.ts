import type { LockConflict } from '../../../protocol/index.js';
import { codeOf } from '../../../protocol/index.js';
import { currentGlobalLock } from '../../../transaction/index.js';
import type { CommitAnswer, LocalConnection, Mark, Statement } from '../../at/index.js';
import { classifyStatement, isRollbackTo } from './classify-statement.js';
import { holderOfRead } from './holder-of-read.js';
import type { SqliteFile } from './sqlite-file.js';
import type { Holder } from './connection-turns.js';

/** One statement of the application. */
export interface SqliteRequest {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Runs it past the seam. */
  readonly run: () => Promise<unknown>;
}

/** Local transactions of one query runner over the connection that all of them share. */
export class SqliteConnection implements LocalConnection<SqliteRequest, unknown> {
  readonly committedResult = undefined;
  readonly #file: SqliteFile;
  readonly #holder: Holder;

  constructor(file: SqliteFile, holder: Holder) {
    this.#file = file;
    this.#holder = holder;
  }

  /** Under a global lock a plain SELECT is a locking read: SQLite has no other. */
  classify({ sql }: SqliteRequest): Statement {
    const statement = classifyStatement(sql, (text) => this.#file.database.prepare(text).readonly);
    const isLocking = statement.kind === 'read' && READS.has(statement.label);
    if (!isLocking || currentGlobalLock() === undefined) return statement;
    return { ...statement, kind: 'locking-read' };
  }

  async begin(mark: Mark, request: SqliteRequest | undefined): Promise<unknown> {
    const { capture, database, turns } = this.#file;
    await turns.take(this.#holder);
    try {
      capture.ready();
      capture.mark(mark);
      if (request !== undefined) return await request.run();
      database.exec('BEGIN');
      return undefined;
    } catch (error) {
      if (!database.inTransaction) this.#end();
      throw error;
    }
  }

  send(request: SqliteRequest): Promise<unknown> {
    const { capture } = this.#file;
    const statement = this.classify(request);
    if (statement.kind === 'write') capture.beforeWrite(request.sql, request.values);
    if (isRollbackTo(statement)) capture.savepointMoved();
    return request.run();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- SQLite answers at once
  async own(text: string): Promise<number> {
    return Number(this.#file.database.prepare(text).run().changes);
  }

  async commit(request: SqliteRequest | undefined): Promise<CommitAnswer<unknown>> {
    const { database } = this.#file;
    try {
      const result = request === undefined ? database.exec('COMMIT') : await request.run();
      return { committed: true, result };
    } finally {
      if (!database.inTransaction) this.#end();
    }
  }

  /** There may be nothing to roll back: a conflict, or SQLite itself, has done it before. */
  async rollback(request: SqliteRequest | undefined): Promise<unknown> {
    if (!this.isInTransaction()) {
      this.#end();
      return undefined;
    }
    const { database } = this.#file;
    try {
      return await request?.run();
    } finally {
      if (database.inTransaction) database.exec('ROLLBACK');
      this.#end();
    }
  }

  /** In one process an answer is not lost; but whether a page was written, the disk may not say. */
  isRefusal(error: unknown): boolean {
    const { driverError = error } = error as { readonly driverError?: unknown };
    return !(codeOf(driverError) ?? '').startsWith('SQLITE_IOERR');
  }

  stateAfter(error: unknown): 'open' | 'unsound' | 'gone' {
    if (!this.isInTransaction()) return 'gone';
    // SQLite has undone the statement and would commit the rest.
    return this.#file.isConflict(error) ? 'unsound' : 'open';
  }

  isInTransaction(): boolean {
    return this.#file.turns.holder === this.#holder && this.#file.database.inTransaction;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- SQLite answers at once
  async holderOfRead(
    { sql, values }: SqliteRequest,
    xid: string | undefined,
  ): Promise<LockConflict | undefined> {
    return holderOfRead(this.#file.database, { sql, values, xid });
  }

  #end(): void {
    this.#file.capture.unmark();
    this.#file.turns.end(this.#holder);
  }
}

const READS: ReadonlySet<string> = new Set(['SELECT', 'VALUES', 'WITH']);
