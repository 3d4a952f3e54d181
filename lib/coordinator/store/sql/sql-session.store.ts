import {
  NEVER_MS,
  SessionUnreadableError,
  StoreUnavailableError,
  messageOf,
} from '../../../protocol/index.js';
import type { Session, SessionKey } from '../../core/index.js';
import type { SessionWrite } from '../merge-changes.js';
import { keyOf, mergeChanges } from '../merge-changes.js';
import { readableSessions, sessionOf } from '../session-codec.js';
import type {
  ClaimRequest,
  PurgeCommand,
  SessionQuery,
  SessionStore,
  StoreAnswer,
  StoreCommand,
  WaitBoard,
} from '../session-store.interface.js';
import { exchangeWaits } from './exchange-waits.js';
import type { SqlDatabase, SqlRow } from './sql-database.interface.js';
import type { SqlEngine } from './sql-engine.interface.js';
import type { Trouble, Written } from './write-each.js';
import { troubleOf, writeEach } from './write-each.js';

/** What to do when the store cannot be used. */
export const SERVER_ADVICE =
  'Check that its server runs and can be reached, and that its user may read and write the tables.';

const DONE: StoreAnswer = { kind: 'done', count: 1 };

/** Sessions in a database server, which other nodes may use at the same time. */
export class SqlSessionStore implements SessionStore {
  readonly isShared = true;
  /** While the server writes one, this process prepares the other. */
  readonly batchesAtOnce = 2;
  readonly advice = SERVER_ADVICE;
  readonly waits: WaitBoard;
  readonly #database: SqlDatabase;
  readonly #engine: SqlEngine;

  /** The database belongs to the store from now on: it is closed with it. */
  constructor(
    database: SqlDatabase,
    engine: SqlEngine,
    readonly warnings: readonly string[] = [],
  ) {
    this.#database = database;
    this.#engine = engine;
    this.waits = {
      exchange: (posting) => this.#reading(() => exchangeWaits(database, engine, posting)),
    };
  }

  get place(): string {
    return this.#database.place;
  }

  get borrowsConnections(): boolean {
    return this.#database.borrowsConnections === true;
  }

  async apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    const { purges, writes } = mergeChanges(batch);
    // Nodes that write the same rows lock them in the same order, so they do not deadlock.
    const sorted = [...writes].sort(byKey);
    const written = await writeEach(this.#engine, this.#database, sorted);
    const answers: StoreAnswer[] = [];
    for (const { command, place } of purges) answers[place] = await this.#purge(command);
    const stale = sorted.filter((_, index) => written[index] === 'stale');
    const standing = await this.#standing(stale);
    sorted.forEach((write, index) => {
      const answer = answerOf(write, written[index], standing);
      for (const place of write.places) answers[place] = answer;
    });
    return answers;
  }

  load(keys: readonly SessionKey[]): Promise<readonly (Session | undefined)[]> {
    return this.#reading(async () => {
      const rows = await this.#find(keys);
      return keys.map((key) => {
        const row = rows.get(keyOf(key));
        return row === undefined ? undefined : sessionOf(row);
      });
    });
  }

  claim(request: ClaimRequest): Promise<readonly Session[]> {
    const { countMax, leaseUntilMs, nowMs, owner, ownLapsedAtMs = nowMs, which } = request;
    const lapsed =
      which === 'open'
        ? { lapsedAtMs: NEVER_MS, ownLapsedAtMs: NEVER_MS }
        : { lapsedAtMs: nowMs, ownLapsedAtMs };
    return this.#reading(async () => {
      const rows = await this.#engine.claim(this.#database, {
        owner,
        countMax,
        leaseUntilMs,
        ...lapsed,
      });
      return readableSessions(rows);
    });
  }

  handOver(owner: string, nowMs: number): Promise<void> {
    return this.#reading(() => this.#engine.handOver(this.#database, owner, nowMs));
  }

  endedAtOfNewest(countMax: number): Promise<number | undefined> {
    return this.#reading(() => this.#engine.endedAt(this.#database, countMax));
  }

  list(query: SessionQuery): Promise<readonly Session[]> {
    return this.#reading(async () => {
      const rows = await this.#engine.list(this.#database, query);
      return readableSessions(rows);
    });
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /** What stands in place of the writes that did not hold, or why that cannot be told. */
  async #standing(stale: readonly SessionWrite[]): Promise<Map<string, SqlRow> | Trouble> {
    try {
      return await this.#find(stale.map(({ after }) => after));
    } catch (error) {
      return { kind: 'failed', error };
    }
  }

  async #find(keys: readonly SessionKey[]): Promise<Map<string, SqlRow>> {
    if (keys.length === 0) return new Map();
    const rows = await this.#engine.load(this.#database, keys);
    return new Map(rows.map((row) => [keyOfRow(row), row]));
  }

  async #purge(command: PurgeCommand): Promise<StoreAnswer> {
    try {
      return { kind: 'done', count: await this.#engine.purge(this.#database, command) };
    } catch (error) {
      return troubleOf(error);
    }
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      // The store is well; only this version cannot read the record.
      if (cause instanceof SessionUnreadableError) throw cause;
      throw new StoreUnavailableError(this.place, messageOf(cause), {
        cause,
        advice: SERVER_ADVICE,
      });
    }
  }
}

function byKey({ after: one }: SessionWrite, { after: other }: SessionWrite): number {
  return keyOf(one) < keyOf(other) ? -1 : 1;
}

function answerOf(
  { after }: SessionWrite,
  written: Written | undefined,
  standing: Map<string, SqlRow> | Trouble,
): StoreAnswer {
  if (written === 'held') return DONE;
  if (written === 'stale') {
    return standing instanceof Map ? refusalOf(standing.get(keyOf(after))) : standing;
  }
  return written ?? { kind: 'unknown', error: new Error('the engine has not answered this write') };
}

function refusalOf(row: SqlRow | undefined): StoreAnswer {
  try {
    return { kind: 'refused', found: row === undefined ? undefined : sessionOf(row) };
  } catch (error) {
    return { kind: 'failed', error };
  }
}

function keyOfRow(row: SqlRow): string {
  return keyOf({ xid: String(row['xid']), namespace: String(row['namespace']) });
}
