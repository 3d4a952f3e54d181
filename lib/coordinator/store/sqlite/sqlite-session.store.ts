import { StoreUnavailableError, messageOf } from '../../../protocol/index.js';
import { failpoint } from '../../../system/index.js';
import type { Session } from '../../core/index.js';
import type { Claim, SessionStore, StoreAnswer, StoreCommand } from '../session-store.interface.js';
import { readMeta, writeMeta } from './meta.js';
import { branchFromRow, sessionFromRow } from './rows.js';
import { SessionIds } from './session-ids.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-database.interface.js';
import type { Statements } from './statements.js';
import { prepareStatements } from './statements.js';
import type { WalFile } from './wal-file.js';

/** How the store gets at its file. */
export interface SqliteConnection {
  readonly place: string;
  open(): SqliteDatabase;
  /** Whether `open` leads to the same data again. */
  readonly canReopen: boolean;
  readonly wal: WalFile;
  /** Called once, after the database has been closed. */
  release(): void;
}

/** What kept a command from being written, or from being known to be. */
type Trouble = Extract<StoreAnswer, { kind: 'failed' | 'unknown' }>;

const DONE: StoreAnswer = { kind: 'done', count: 1 };

const isWritten = (count: number | Trouble): count is number => typeof count === 'number';

/** Sessions in one SQLite file that this process owns. */
export class SqliteSessionStore implements SessionStore {
  readonly #connection: SqliteConnection;
  readonly #ids: SessionIds;
  #database: SqliteDatabase;
  #statements: Statements;
  /** After a failed COMMIT only a new connection tells what the file holds. */
  #isSuspect = false;
  /** While the disk takes what was committed last. */
  #syncing: Promise<void> | undefined;

  constructor(connection: SqliteConnection, database: SqliteDatabase) {
    this.#connection = connection;
    this.#database = database;
    this.#statements = prepareStatements(database);
    const [last] = this.#statements.lastId.all();
    this.#ids = new SessionIds(Number(last?.['id'] ?? 0));
  }

  get place(): string {
    return this.#connection.place;
  }

  async apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    const counts = this.#write(batch);
    if (counts.some(isWritten)) {
      const failure = await this.#sync();
      if (failure !== undefined) return counts.map((count) => (isWritten(count) ? failure : count));
    }
    return batch.map((command, index) => this.#answer(command, counts[index] ?? 0));
  }

  /** What it finds has been on the disk before: nobody may be told of a record that is not. */
  async load(namespace: string, xid: string): Promise<Session | undefined> {
    await this.#syncing?.catch(() => undefined);
    return this.#reading(() => this.#find(namespace, xid));
  }

  async claimOpen(owner: string): Promise<Claim> {
    const claim = this.#claimOpen(owner);
    const failure = await this.#sync();
    if (failure === undefined) return claim;
    const cause = failure.error;
    throw new StoreUnavailableError(this.place, messageOf(cause), { cause });
  }

  #claimOpen(owner: string): Claim {
    return this.#reading(() => {
      const epoch = Number(readMeta(this.#database, 'epoch') ?? 0) + 1;
      this.#statements.begin.run();
      try {
        writeMeta(this.#database, 'epoch', String(epoch));
        this.#statements.claimOpen.run(owner, epoch);
        this.#statements.commit.run();
      } catch (error) {
        this.#rollback();
        throw error;
      }
      const sessions = this.#statements.openSessions.all().map((row) => this.#session(row));
      return { ownership: { owner, epoch }, sessions };
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must reject
  async close(): Promise<void> {
    this.#database.close();
    this.#connection.wal.close();
    this.#connection.release();
  }

  /** Puts what was committed on the disk. Returns why that is not known to have happened. */
  async #sync(): Promise<Trouble | undefined> {
    failpoint('store.sync');
    try {
      this.#syncing = this.#connection.wal.sync();
      await this.#syncing;
      return undefined;
    } catch (error) {
      this.#isSuspect = true;
      return { kind: 'unknown', error };
    } finally {
      this.#syncing = undefined;
    }
  }

  /** Returns for each command how many rows it wrote, or why that is not known. */
  #write(batch: readonly StoreCommand[]): readonly (number | Trouble)[] {
    try {
      this.#reopenIfSuspect();
      this.#statements.begin.run();
    } catch (error) {
      return batch.map(() => ({ kind: 'failed', error }));
    }
    let counts: readonly number[];
    try {
      counts = batch.map((command) => this.#run(command));
    } catch (error) {
      this.#rollback();
      if (batch.length === 1) return [{ kind: 'failed', error }];
      // One of them cannot be written. Alone, each is answered for itself.
      return batch.flatMap((command) => this.#write([command]));
    }
    failpoint('store.commit');
    try {
      this.#statements.commit.run();
      return counts;
    } catch (error) {
      this.#rollback();
      this.#isSuspect = true;
      return batch.map(() => ({ kind: 'unknown', error }));
    }
  }

  #run(command: StoreCommand): number {
    const sql = this.#statements;
    if (command.kind === 'purge') return sql.purge.run(command.endedBeforeMs, command.countMax);
    const { after } = command;
    switch (command.kind) {
      case 'begin':
        return sql.beginSession.run(
          this.#ids.add(after),
          after.namespace,
          after.xid,
          after.kind,
          after.name,
          after.applicationId,
          after.timeoutMs,
          after.beganAtMs,
          after.dueAtMs,
          after.owner,
          after.epoch,
        );
      case 'add-branch': {
        const { branch } = command;
        return sql.addBranch.run(
          branch.branchId,
          branch.seq,
          branch.type,
          branch.resourceId,
          branch.applicationId,
          branch.data ?? null,
          this.#ids.of(after),
          after.epoch,
        );
      }
      case 'change-branch': {
        const { branch, from } = command;
        return sql.changeBranch.run(
          branch.status,
          branch.attempts,
          branch.dueAtMs,
          branch.lastError ?? null,
          this.#ids.of(after),
          branch.branchId,
          from,
          after.epoch,
        );
      }
      case 'change-session':
        return sql.changeSession.run(
          after.status,
          after.reason ?? null,
          after.rollbackOnly ?? null,
          this.#ids.of(after),
          after.epoch,
          command.from,
        );
      case 'end':
        return this.#end(command);
    }
  }

  #end({ after, from, hadBranches }: Extract<StoreCommand, { kind: 'end' }>): number {
    const id = this.#ids.of(after);
    const count = this.#statements.endSession.run(
      after.status,
      after.reason ?? null,
      after.endedAtMs ?? null,
      id,
      after.epoch,
      from,
    );
    if (count === 1 && hadBranches) this.#statements.deleteBranches.run(id);
    return count;
  }

  #answer(command: StoreCommand, count: number | Trouble): StoreAnswer {
    if (typeof count !== 'number') return count;
    if (command.kind === 'purge') return { kind: 'done', count };
    if (count !== 1) return this.#refusal(command.after);
    if (command.kind === 'end') this.#ids.remove(command.after);
    return DONE;
  }

  #refusal({ namespace, xid }: Session): StoreAnswer {
    try {
      return { kind: 'refused', found: this.#find(namespace, xid) };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  #find(namespace: string, xid: string): Session | undefined {
    const [row] = this.#statements.findSession.all(xid, namespace);
    return row && this.#session(row);
  }

  #session(row: SqliteRow): Session {
    const id = Number(row['id']);
    const isOpen = row['ended_at_ms'] === null;
    const branches = isOpen ? this.#statements.branchesOf.all(id).map(branchFromRow) : [];
    const session = sessionFromRow(row, branches);
    if (isOpen) this.#ids.set(session, id);
    else this.#ids.remove(session);
    return session;
  }

  #rollback(): void {
    try {
      this.#statements.rollback.run();
    } catch (error) {
      // After a full disk and some others SQLite has rolled back by itself.
      if (!messageOf(error).includes('no transaction is active')) this.#isSuspect = true;
    }
  }

  #reading<T>(read: () => T): T {
    try {
      this.#reopenIfSuspect();
      return read();
    } catch (error) {
      throw new StoreUnavailableError(this.place, messageOf(error), { cause: error });
    }
  }

  #reopenIfSuspect(): void {
    if (!this.#isSuspect || !this.#connection.canReopen) return;
    const database = this.#connection.open();
    emptyLog(database);
    const statements = prepareStatements(database);
    this.#database.close();
    this.#connection.wal.close();
    this.#database = database;
    this.#statements = statements;
    this.#isSuspect = false;
  }
}

/**
 * Moves everything from the log into the file. After a failed sync the system takes the pages that
 * it could not write for clean ones: a later sync would succeed over a hole in the log, and what
 * came behind the hole would be lost with the power. Copied into the file they are written anew.
 */
function emptyLog(database: SqliteDatabase): void {
  const [result] = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  if (result?.['busy'] === 0) return;
  database.close();
  throw new Error('its log cannot be emptied while another program reads the file');
}
