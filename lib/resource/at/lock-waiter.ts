import type { LockConflict, LockConflictError, ReleaseSummary } from '../../protocol/index.js';
import { isCommitDecided } from '../../protocol/index.js';
import type { ResourceHost } from '../dtx-resource.interface.js';
import type { AtEngine } from './at-engine.interface.js';
import { HOLDER_UNKNOWN } from './at-engine.interface.js';
import type { Attempt } from './attempt.js';
import type { StatementContent } from './hot-rows.js';
import { HotRows } from './hot-rows.js';
import type { LocalWork } from './local-work.js';
import type { Place } from './row-queue.js';
import { RowQueue } from './row-queue.js';
import type { FailedWait } from './wait-errors.js';
import { deadlocked, leftBehind, timedOut, unknownHolder } from './wait-errors.js';

interface LockWaiterDeps {
  readonly host: ResourceHost;
  readonly engine: AtEngine;
  readonly resourceId: string;
  readonly lockWaitTimeoutMs: number;
}

/** Who waits: a local transaction that has done nothing, and can be tried again. */
type Waiting = Pick<LocalWork, 'xid' | 'lockWaitTimeoutMs' | 'register'>;

/** What the work is, as far as that tells whether and for whom it waits. */
export interface Wanted {
  /** What the attempt runs, to know it again; undefined where it does not write. */
  readonly content: StatementContent | undefined;
  /** What the work has met already, in a run that has left nothing locked. */
  readonly conflict?: LockConflict | undefined;
}

/**
 * Runs the work from its start.
 *
 * @param ahead what has to run before it in its local transaction, if anything
 */
type AttemptWork<T> = (ahead: string | undefined) => Promise<Attempt<T>>;

/** Whoever has been in a queue for so long while the row stays where it is looks for circles. */
const STUCK_MS = 100;

/**
 * Of those in queues, so many ask the coordinator; it is enough that one member of a circle does.
 */
const ASKING_MAX = 256;

/**
 * Waits for global locks. A waiter holds no row lock, takes its turn in the order of arrival, is
 * woken when the holder ends, and gives up after `lockWaitTimeoutMs`, or when it is the one that
 * has to end a circle of waiters.
 *
 * Without the order everybody would retry at once, and all but one in vain. Rows that many want are
 * remembered for a moment, so that the next one queues before it has tried.
 */
export class LockWaiter {
  readonly #deps: LockWaiterDeps;
  readonly #queues = new Map<string, RowQueue>();
  readonly #hot: HotRows;
  #askingCount = 0;

  constructor(deps: LockWaiterDeps) {
    this.#deps = deps;
    this.#hot = new HotRows(deps.host.clock);
  }

  /** Whether many want the row that the statement most likely wants. */
  isContended(content: StatementContent): boolean {
    return this.#hot.rowOf(content) !== undefined;
  }

  /**
   * Runs the attempt until it no longer meets a conflict, each time when the row is free.
   *
   * @param work whose attempt it is
   * @param wanted what it runs, and what it has met before
   * @param attempt returns the conflict that it met, or its result
   * @throws LockConflictError after `lockWaitTimeoutMs`, or to end a circle; what the attempt
   * throws
   */
  async run<T>(
    work: Waiting,
    { conflict: met, content }: Wanted,
    attempt: AttemptWork<T>,
  ): Promise<T> {
    let conflict = met ?? this.#expected(work, content);
    if (conflict === undefined) {
      const first = await attempt(undefined);
      if ('result' in first) return first.result;
      ({ conflict } = first);
    }
    const deadlineMs = this.#deps.host.clock.monotonicMs() + this.#timeoutMs(work);
    const takenFrom = new Set<string>();
    for (;;) {
      const wish: Wish = { conflict, content, deadlineMs, takenFrom };
      const turn: Attempt<T> = await this.#inTurn(work, wish, attempt);
      if ('result' in turn) return turn.result;
      conflict = turn.conflict;
    }
  }

  /** What the work would run into, as far as others of this process have. */
  #expected(work: Waiting, content: StatementContent | undefined): LockConflict | undefined {
    const hot = content === undefined ? undefined : this.#hot.rowOf(content);
    if (hot === undefined) return undefined;
    // It will write when it has its turn, and must not wait for its registration then.
    work.register();
    return { ...hot, holderXid: HOLDER_UNKNOWN };
  }

  /** Branches of these transactions hold nothing in this database any more, or never will. */
  freed(xids: readonly string[]): void {
    if (this.#queues.size === 0) return;
    const gone = new Set(xids);
    for (const queue of this.#queues.values()) {
      if (queue.holderXid !== undefined && gone.has(queue.holderXid)) queue.foundAt(undefined);
    }
  }

  async #inTurn<T>(
    work: Waiting,
    { conflict, content, deadlineMs, takenFrom }: Wish,
    attempt: AttemptWork<T>,
  ): Promise<Attempt<T>> {
    const name = nameOf(conflict);
    const queue = this.#queues.get(name) ?? new RowQueue(this.#deps.host.clock);
    this.#queues.set(name, queue);
    const isContended = !queue.isEmpty || conflict.holderXid !== HOLDER_UNKNOWN;
    if (content !== undefined && isContended) this.#hot.met(content, conflict);
    const place = queue.enter();
    try {
      await this.#untilTurn(work, { conflict, queue, deadlineMs }, place);
      for (let met = conflict; ;) {
        const wait = { conflict: met, queue, deadlineMs };
        const { ahead, rolledBackXid } = await this.#untilFree(work, wait, takenFrom);
        const turn = await attempt(ahead);
        if ('result' in turn) {
          queue.passedTo(work.xid);
          return turn;
        }
        met = turn.conflict;
        // Nobody is left who would free it: to ask again would be to ask without a pause.
        if (rolledBackXid === met.holderXid) throw leftBehind(this.#failed(work, met));
        if (nameOf(met) !== name) return turn;
        // It keeps its place: somebody of another process was faster.
        queue.foundAt(met.holderXid === HOLDER_UNKNOWN ? undefined : met.holderXid);
      }
    } finally {
      place.leave();
      if (queue.isEmpty) this.#queues.delete(name);
    }
  }

  /** Those before give up by their own deadlines, which may be later. */
  async #untilTurn(work: Waiting, wait: Wait, { turn }: Place): Promise<void> {
    const { deadlineMs, queue } = wait;
    const { clock } = this.#deps.host;
    for (;;) {
      const leftMs = deadlineMs - clock.monotonicMs();
      if (await this.#within(Math.min(leftMs, STUCK_MS), turn)) return;
      if (clock.monotonicMs() >= deadlineMs) throw this.#timedOut(work, holderIn(wait));
      if (queue.idleMs < STUCK_MS) continue;
      const holder = holderIn(wait);
      const { moved } = queue;
      const asked = this.#askForCircles(work, holder, deadlineMs);
      const circle = await Promise.race([turn.then(none), moved.then(none), asked]);
      if (circle !== undefined) throw deadlocked(this.#failed(work, holder), circle);
      // The holder has ended, and the row will move or the turn come.
      await this.#within(deadlineMs - clock.monotonicMs(), Promise.race([turn, moved]));
    }
  }

  /** One in the queue waits for the row as much as the first one does. */
  async #askForCircles(
    work: Waiting,
    { holderXid }: LockConflict,
    deadlineMs: number,
  ): Promise<readonly string[] | undefined> {
    const { xid } = work;
    const isAsked = holderXid !== HOLDER_UNKNOWN && holderXid !== xid && xid !== undefined;
    if (!isAsked || this.#askingCount >= ASKING_MAX) return undefined;
    this.#askingCount += 1;
    try {
      return (await this.#awaitRelease(work, holderXid, deadlineMs)).circle;
    } catch {
      // It is the first in the queue whom this concerns.
      return undefined;
    } finally {
      this.#askingCount -= 1;
    }
  }

  /** @param takenFrom holders from whom the work has taken, or could not take, something over */
  async #untilFree(work: Waiting, wait: Wait, takenFrom: Set<string>): Promise<Freed> {
    const { engine, host } = this.#deps;
    const { deadlineMs, queue } = wait;
    const conflict = holderIn(wait);
    const { holderXid } = conflict;
    // Another branch of the same transaction was before us in the queue: the row is ours.
    if (holderXid === work.xid) return FREE;
    if (deadlineMs <= host.clock.monotonicMs()) throw this.#timedOut(work, conflict);
    // The undo row is younger than the snapshot; a new local transaction will see whose it is.
    if (holderXid === HOLDER_UNKNOWN) return FREE;
    const { moved } = queue;
    const answered = this.#awaitRelease(work, holderXid, deadlineMs);
    const answer = await Promise.race([moved.then(none), answered]);
    if (answer === undefined) return FREE;
    if (!this.#isCommitted(work, conflict, answer)) return { rolledBackXid: holderXid };
    // The commit is durable, so these undo rows are only waiting for their clean-up. Phase two
    // gathers many and takes its time; a row that somebody waits for is freed at once.
    // Once per holder: behind the row there may be something else of it that cannot be taken over.
    if (engine.releaseStatement !== undefined && !takenFrom.has(holderXid)) {
      takenFrom.add(holderXid);
      return { ahead: engine.releaseStatement(conflict) };
    }
    await engine.releaseXids([holderXid]);
    return FREE;
  }

  #awaitRelease(work: Waiting, xid: string, deadlineMs: number): Promise<ReleaseSummary> {
    const { client, clock } = this.#deps.host;
    const timeoutMs = Math.max(1, Math.ceil(deadlineMs - clock.monotonicMs()));
    const waiter = work.xid === undefined ? undefined : { waiterXid: work.xid };
    const answer = client.awaitRelease({ xid, timeoutMs, ...waiter });
    // Nobody may be listening any more when it comes.
    answer.catch(() => undefined);
    return answer;
  }

  /** Whether the holder has committed; otherwise it is rolled back. */
  #isCommitted(work: Waiting, conflict: LockConflict, { circle, status }: ReleaseSummary): boolean {
    if (circle !== undefined) throw deadlocked(this.#failed(work, conflict), circle);
    if (status === 'rolled-back') return false;
    if (status === 'absent') throw unknownHolder(this.#failed(work, conflict));
    if (!isCommitDecided(status)) throw this.#timedOut(work, conflict);
    return true;
  }

  /** Whether it happens in time. */
  #within(timeoutMs: number, event: Promise<void>): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#deps.host.clock.after(Math.max(0, timeoutMs), () => {
        resolve(false);
      });
      void event.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  #timeoutMs({ lockWaitTimeoutMs }: Waiting): number {
    return lockWaitTimeoutMs ?? this.#deps.lockWaitTimeoutMs;
  }

  #failed({ xid }: Waiting, conflict: LockConflict): FailedWait {
    return { xid, resourceId: this.#deps.resourceId, conflict };
  }

  #timedOut(work: Waiting, conflict: LockConflict): LockConflictError {
    return timedOut(this.#failed(work, conflict), this.#timeoutMs(work));
  }
}

/** What somebody wants in a queue. */
interface Wish {
  readonly conflict: LockConflict;
  readonly content: StatementContent | undefined;
  readonly deadlineMs: number;
  readonly takenFrom: Set<string>;
}

/** How a row came free. */
interface Freed {
  /** What has to run ahead of the work, so that it takes the row over itself. */
  readonly ahead?: string;
  /** The holder, if it has been rolled back: it should have nothing any more. */
  readonly rolledBackXid?: string;
}

const FREE: Freed = {};

interface Wait {
  readonly conflict: LockConflict;
  readonly queue: RowQueue;
  readonly deadlineMs: number;
}

const none = (): undefined => undefined;

const nameOf = ({ key, table }: LockConflict): string => `${table} ${key}`;

/** The conflict with who has the row now, as far as this process knows. */
function holderIn({ conflict, queue }: Wait): LockConflict {
  if (!queue.isKnown) return conflict;
  return { ...conflict, holderXid: queue.holderXid ?? HOLDER_UNKNOWN };
}
