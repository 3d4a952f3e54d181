import {
  NEVER_MS,
  SessionUnreadableError,
  StoreUnavailableError,
  messageOf,
} from '../../../protocol/index.js';
import { failpoint } from '../../../system/index.js';
import type { Session, SessionKey } from '../../core/index.js';
import type { SessionWrite } from '../merge-changes.js';
import { mergeChanges } from '../merge-changes.js';
import {
  CHANGING_COLUMNS,
  SESSION_COLUMNS,
  readableSessions,
  rowOf,
  sessionOf,
} from '../session-codec.js';
import type {
  ClaimRequest,
  PurgeCommand,
  SessionQuery,
  SessionStore,
  StoreAnswer,
  StoreCommand,
} from '../session-store.interface.js';
import { emptyLog } from './empty-log.js';
import { listSessions } from './list-sessions.js';
import { SessionIds } from './session-ids.js';
import type { SqliteDatabase, SqliteRow } from './sqlite-database.interface.js';
import { isRefusal } from './sqlite-trouble.js';
import type { Statements } from './statements.js';
import { prepareStatements } from './statements.js';
import type { WalFile } from './wal-file.js';

/** How the store gets at its file. */
export interface SqliteConnection {
  readonly place: string;
  /**
   * Whether somebody else drives sessions there: for a visitor the owner of the file, in a
   * simulation the other coordinators. A person's visits do not count, they drive nothing.
   */
  readonly isShared: boolean;
  open(): SqliteDatabase;
  /** Whether `open` leads to the same data again. */
  readonly canReopen: boolean;
  readonly wal: WalFile;
  /** Called once, after the database has been closed. */
  release(): void;
}

/** What kept something from being written, or from being known to be. */
type Trouble = Extract<StoreAnswer, { kind: 'failed' | 'unknown' }>;

/** One row to be written, or one purge. */
type Step = SessionWrite | { readonly command: PurgeCommand; readonly places: readonly number[] };

const isWritten = (count: number | Trouble): count is number => typeof count === 'number';

const isTrouble = ({ kind }: StoreAnswer): boolean => kind === 'failed' || kind === 'unknown';

/** Sessions in one SQLite file. */
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

  get isShared(): boolean {
    return this.#connection.isShared;
  }

  async apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    const { purges, writes } = mergeChanges(batch);
    const steps: Step[] = [...writes];
    for (const { command, place } of purges) steps.push({ command, places: [place] });
    const counts = this.#write(steps);
    const failure = counts.some(isWritten) ? await this.#sync() : undefined;
    const answers: StoreAnswer[] = [];
    steps.forEach((step, index) => {
      const count = counts[index] ?? 0;
      const answer = isWritten(count) ? (failure ?? this.#answer(step, count)) : count;
      // Whether its row is there is not known, nor under which id.
      if (isTrouble(answer) && 'after' in step) this.#ids.remove(step.after);
      for (const place of step.places) answers[place] = answer;
    });
    return answers;
  }

  /** What it finds has been on the disk before: nobody may be told of a record that is not. */
  async load(keys: readonly SessionKey[]): Promise<readonly (Session | undefined)[]> {
    await this.#syncing?.catch(() => undefined);
    return this.#reading(() => keys.map((key) => this.#find(key)));
  }

  async claim(request: ClaimRequest): Promise<readonly Session[]> {
    const taken = this.#reading(() => this.#claim(request));
    if (taken.length > 0) await this.#syncOrThrow();
    return taken;
  }

  async handOver(owner: string, nowMs: number): Promise<void> {
    this.#reading(() => this.#statements.handOver.run(nowMs, owner, nowMs));
    await this.#syncOrThrow();
  }

  async endedAtOfNewest(countMax: number): Promise<number | undefined> {
    await this.#syncing?.catch(() => undefined);
    return this.#reading(() => {
      const [row] = this.#statements.endedAtOfNewest.all(countMax - 1);
      return row === undefined ? undefined : Number(row['ended_at_ms']);
    });
  }

  async list(query: SessionQuery): Promise<readonly Session[]> {
    await this.#syncing?.catch(() => undefined);
    return this.#reading(() => listSessions(this.#database, query));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must reject
  async close(): Promise<void> {
    this.#database.close();
    this.#connection.wal.close();
    this.#connection.release();
  }

  #claim(request: ClaimRequest): readonly Session[] {
    const { countMax, leaseUntilMs, nowMs, owner, which } = request;
    const sql = this.#statements;
    // Every lease ends before that, also one that never lapses.
    const lapsedAtMs = which === 'open' ? NEVER_MS : nowMs;
    const ownLapsedAtMs = which === 'open' ? NEVER_MS : (request.ownLapsedAtMs ?? nowMs);
    const lapsed = (): readonly number[] =>
      sql.lapsed.all(lapsedAtMs, owner, ownLapsedAtMs, countMax).map(idOf);
    // Mostly there is none, and then nobody is kept from writing.
    if (lapsed().length === 0) return [];
    let rows: readonly SqliteRow[];
    sql.begin.run();
    try {
      // Looked for again: a visitor may have written in between, and from here on nobody can.
      const ids = lapsed();
      for (const id of ids) sql.claim.run(owner, leaseUntilMs, id);
      rows = ids.flatMap((id) => sql.byId.all(id));
      sql.commit.run();
    } catch (error) {
      this.#rollback();
      throw error;
    }
    for (const row of rows) this.#noteId(row);
    return readableSessions(rows);
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

  async #syncOrThrow(): Promise<void> {
    const failure = await this.#sync();
    if (failure === undefined) return;
    const cause = failure.error;
    throw new StoreUnavailableError(this.place, messageOf(cause), { cause });
  }

  /** Returns for each step how many rows it wrote, or why that is not known. */
  #write(steps: readonly Step[]): readonly (number | Trouble)[] {
    const [first] = steps;
    if (first !== undefined && steps.length === 1) return [this.#writeAlone(first)];
    try {
      this.#reopenIfSuspect();
      this.#statements.begin.run();
    } catch (error) {
      return steps.map(() => ({ kind: 'failed', error }));
    }
    let counts: readonly number[];
    try {
      counts = steps.map((step) => this.#run(step));
    } catch {
      this.#rollback();
      // One of them cannot be written. Alone, each is answered for itself.
      return steps.flatMap((step) => this.#write([step]));
    }
    failpoint('store.commit');
    try {
      this.#statements.commit.run();
      return counts;
    } catch (error) {
      this.#rollback();
      this.#isSuspect = true;
      return steps.map(() => ({ kind: 'unknown', error }));
    }
  }

  /** A statement by itself is a transaction: two statements less than with BEGIN and COMMIT. */
  #writeAlone(step: Step): number | Trouble {
    try {
      this.#reopenIfSuspect();
    } catch (error) {
      return { kind: 'failed', error };
    }
    failpoint('store.commit');
    try {
      return this.#run(step);
    } catch (error) {
      if (isRefusal(error)) return { kind: 'failed', error };
      this.#isSuspect = true;
      return { kind: 'unknown', error };
    }
  }

  #run(step: Step): number {
    const sql = this.#statements;
    if ('command' in step) return sql.purge.run(step.command.endedBeforeMs, step.command.countMax);
    const { after, before } = step;
    const row = rowOf(after);
    if (before === undefined) {
      return sql.insert.run(this.#ids.add(after), ...SESSION_COLUMNS.map((name) => row[name]));
    }
    const values = CHANGING_COLUMNS.map((name) => row[name]);
    return sql.replace.run(...values, this.#ids.of(after), before.version, before.epoch);
  }

  #answer(step: Step, count: number): StoreAnswer {
    if ('command' in step) return { kind: 'done', count };
    const { after } = step;
    if (count !== 1) return this.#refusal(after);
    if (after.endedAtMs !== undefined) this.#ids.remove(after);
    return { kind: 'done', count };
  }

  #refusal(key: SessionKey): StoreAnswer {
    try {
      return { kind: 'refused', found: this.#find(key) };
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  #find(key: SessionKey): Session | undefined {
    const [row] = this.#statements.find.all(key.xid, key.namespace);
    if (row !== undefined) return this.#session(row);
    this.#ids.remove(key);
    return undefined;
  }

  #session(row: SqliteRow): Session {
    this.#noteId(row);
    return sessionOf(row);
  }

  #noteId(row: SqliteRow): void {
    const key = { namespace: String(row['namespace']), xid: String(row['xid']) };
    if (row['ended_at_ms'] === null) this.#ids.set(key, idOf(row));
    else this.#ids.remove(key);
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
      // The file is well; only this version cannot read the record.
      if (error instanceof SessionUnreadableError) throw error;
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

const idOf = (row: SqliteRow): number => Number(row['id']);
