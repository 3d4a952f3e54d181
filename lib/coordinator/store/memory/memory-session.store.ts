import { NEVER_MS } from '../../../protocol/index.js';
import type { Session, SessionKey } from '../../core/index.js';
import type { SessionWrite } from '../merge-changes.js';
import { keyOf, mergeChanges } from '../merge-changes.js';
import type {
  ClaimRequest,
  PurgeCommand,
  SessionQuery,
  SessionStore,
  StoreAnswer,
  StoreCommand,
  WaitBoard,
} from '../session-store.interface.js';
import { MemoryWaitBoard } from './memory-wait-board.js';

interface MemoryStoreOptions {
  /** @default ':memory:' */
  readonly place?: string;
  /** Whether several coordinators use it. @default false */
  readonly isShared?: boolean;
}

/**
 * Sessions in this process, gone with it: for tests and simulations, and the plainest statement of
 * what the other engines have to do.
 */
export class MemorySessionStore implements SessionStore {
  readonly place: string;
  readonly isShared: boolean;
  readonly waits: WaitBoard | undefined;
  /** In the order in which they began. */
  readonly #sessions = new Map<string, Session>();

  constructor({ isShared = false, place = ':memory:' }: MemoryStoreOptions = {}) {
    this.place = place;
    this.isShared = isShared;
    this.waits = isShared ? new MemoryWaitBoard() : undefined;
  }

  apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    const { purges, writes } = mergeChanges(batch);
    const answers: StoreAnswer[] = [];
    const stale = writes.filter((write) => !this.#write(write, answers));
    for (const { command, place } of purges) {
      answers[place] = { kind: 'done', count: this.#purge(command) };
    }
    for (const { after, places } of stale) {
      const found = this.#sessions.get(keyOf(after));
      for (const place of places) answers[place] = { kind: 'refused', found };
    }
    return Promise.resolve(answers);
  }

  load(keys: readonly SessionKey[]): Promise<readonly (Session | undefined)[]> {
    return Promise.resolve(keys.map((key) => this.#sessions.get(keyOf(key))));
  }

  claim(request: ClaimRequest): Promise<readonly Session[]> {
    const { countMax, leaseUntilMs, nowMs, owner, which } = request;
    const { ownLapsedAtMs = nowMs } = request;
    const lapsedAtMs = (session: Session): number =>
      session.owner === owner ? ownLapsedAtMs : nowMs;
    const taken = this.#find(
      (session) =>
        session.endedAtMs === undefined &&
        (which === 'open' || session.leaseUntilMs <= lapsedAtMs(session)),
    )
      .sort((one, other) => one.leaseUntilMs - other.leaseUntilMs)
      .slice(0, countMax)
      .map((session) => ({
        ...session,
        owner,
        epoch: session.epoch + 1,
        version: session.version + 1,
        leaseUntilMs,
      }));
    for (const session of taken) this.#sessions.set(keyOf(session), session);
    return Promise.resolve(taken);
  }

  handOver(owner: string, nowMs: number): Promise<void> {
    const left = this.#find(
      (session) =>
        session.owner === owner &&
        session.endedAtMs === undefined &&
        session.leaseUntilMs > nowMs &&
        session.leaseUntilMs < NEVER_MS,
    );
    for (const session of left) {
      this.#sessions.set(keyOf(session), { ...session, leaseUntilMs: nowMs });
    }
    return Promise.resolve();
  }

  endedAtOfNewest(countMax: number): Promise<number | undefined> {
    const ended = this.#find(({ endedAtMs }) => endedAtMs !== undefined).sort(byEnd);
    return Promise.resolve(ended.at(-countMax)?.endedAtMs);
  }

  list({ countMax, namespace, which }: SessionQuery): Promise<readonly Session[]> {
    const found = this.#find(
      (session) =>
        (namespace === undefined || session.namespace === namespace) && MEANT[which](session),
    );
    const sorted =
      which === 'ended'
        ? found.sort(byEnd).reverse()
        : found.sort((one, other) => one.beganAtMs - other.beganAtMs);
    return Promise.resolve(sorted.slice(0, countMax));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #find(test: (session: Session) => boolean): Session[] {
    return [...this.#sessions.values()].filter(test);
  }

  /** @returns whether it held; only then is it answered */
  #write({ after, before, places }: SessionWrite, answers: StoreAnswer[]): boolean {
    const found = this.#sessions.get(keyOf(after));
    if (found?.version !== before?.version || found?.epoch !== before?.epoch) return false;
    this.#sessions.set(keyOf(after), after);
    for (const place of places) answers[place] = { kind: 'done', count: 1 };
    return true;
  }

  #purge({ countMax, endedBeforeMs }: PurgeCommand): number {
    const old = this.#find(({ endedAtMs }) => endedAtMs !== undefined && endedAtMs < endedBeforeMs)
      .sort(byEnd)
      .slice(0, countMax);
    for (const session of old) this.#sessions.delete(keyOf(session));
    return old.length;
  }
}

function byEnd(one: Session, other: Session): number {
  return (one.endedAtMs ?? 0) - (other.endedAtMs ?? 0);
}

const MEANT: Readonly<Record<SessionQuery['which'], (session: Session) => boolean>> = {
  open: ({ endedAtMs }) => endedAtMs === undefined,
  ended: ({ endedAtMs }) => endedAtMs !== undefined,
  attention: ({ branches, endedAtMs }) =>
    endedAtMs === undefined && branches.some(({ status }) => status === 'needs-attention'),
};
