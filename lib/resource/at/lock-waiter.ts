import type { LockConflict } from '../../protocol/index.js';
import { HOLDER_UNKNOWN } from './at-engine.interface.js';
import type { Attempt, Start } from './attempt.js';
import type { HolderWaitDeps, Tries, Waiting } from './holder-wait.js';
import { HolderWait } from './holder-wait.js';
import type { StatementContent } from './hot-rows.js';
import { HotRows } from './hot-rows.js';
import { inTime } from './in-time.js';
import type { Place } from './row-queue.js';
import { RowQueue } from './row-queue.js';

/** What the work is, as far as that tells whether and for whom it waits. */
export interface Wanted {
  /** What the attempt runs, to know it again; undefined where it does not write. */
  readonly content: StatementContent | undefined;
  /** Whether it writes, so that it can take a row over. */
  readonly isWrite: boolean;
  /** What the work has met already, in a run that has left nothing locked. */
  readonly conflict?: LockConflict | undefined;
}

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
  readonly #deps: HolderWaitDeps;
  readonly #queues = new Map<string, RowQueue>();
  readonly #hot: HotRows;
  #askingCount = 0;

  constructor(deps: HolderWaitDeps) {
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
   * @param tries of which the attempt returns the conflict that it met, or its result
   * @throws LockConflictError after `lockWaitTimeoutMs`, or to end a circle; what the attempt
   * throws
   */
  async run<T>(work: Waiting, wanted: Wanted, tries: Tries<T>): Promise<T> {
    const { conflict: met, content, isWrite } = wanted;
    let conflict = met ?? this.#expected(content);
    if (conflict === undefined) {
      const first = await tries.attempt(AT_ONCE);
      if ('result' in first) return first.result;
      ({ conflict } = first);
    }
    const wait = new HolderWait(this.#deps, work, { isWrite, tries });
    // It will write when it has its turn, and must not wait for its registration then.
    const getReady = (): void => {
      if (content !== undefined) work.register();
    };
    for (;;) {
      const turn: Attempt<T> = await this.#inTurn({ conflict, content, wait, getReady }, tries);
      if ('result' in turn) return turn.result;
      conflict = turn.conflict;
    }
  }

  /** What the work would run into, as far as others of this process have. */
  #expected(content: StatementContent | undefined): LockConflict | undefined {
    const hot = content === undefined ? undefined : this.#hot.rowOf(content);
    return hot && { ...hot, holderXid: HOLDER_UNKNOWN };
  }

  /** Branches of these transactions hold nothing in this database any more, or never will. */
  freed(xids: readonly string[]): void {
    if (this.#queues.size === 0) return;
    const gone = new Set(xids);
    for (const queue of this.#queues.values()) {
      if (queue.holderXid !== undefined && gone.has(queue.holderXid)) queue.foundAt(undefined);
    }
  }

  async #inTurn<T>(wish: Wish, tries: Tries<T>): Promise<Attempt<T>> {
    const { conflict, content, getReady, wait } = wish;
    const name = nameOf(conflict);
    const queue = this.#queues.get(name) ?? new RowQueue(this.#deps.host.clock);
    this.#queues.set(name, queue);
    const isContended = !queue.isEmpty || conflict.holderXid !== HOLDER_UNKNOWN;
    if (content !== undefined && isContended) this.#hot.met(content, conflict);
    const place = queue.enter(getReady);
    try {
      await this.#untilTurn(queue, place, { conflict, wait });
      place.begin();
      for (let met = conflict; ;) {
        const { rolledBackXid, ...start } = await wait.untilFree(holderIn(queue, met), queue.moved);
        const turn = await tries.attempt(start);
        if ('result' in turn) {
          queue.passedTo(wait.xid);
          return turn;
        }
        met = turn.conflict;
        // Nobody is left who would free it: to ask again would be to ask without a pause.
        if (rolledBackXid === met.holderXid) throw wait.leftBehind(met);
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
  async #untilTurn(
    queue: RowQueue,
    { turn }: Place,
    { conflict, wait }: Pick<Wish, 'conflict' | 'wait'>,
  ): Promise<void> {
    const { clock } = this.#deps.host;
    for (;;) {
      if (await inTime(clock, Math.min(wait.leftMs, STUCK_MS), turn)) return;
      const holder = holderIn(queue, conflict);
      if (wait.leftMs <= 0) throw wait.timedOut(holder);
      if (queue.idleMs < STUCK_MS) continue;
      const { moved } = queue;
      const asked = this.#askForCircles(wait, holder);
      const circle = await Promise.race([turn.then(none), moved.then(none), asked]);
      if (circle !== undefined) throw wait.deadlocked(holder, circle);
      // The holder has ended, and the row will move or the turn come.
      await inTime(clock, wait.leftMs, Promise.race([turn, moved]));
    }
  }

  /** One in the queue waits for the row as much as the first one does. */
  async #askForCircles(
    wait: HolderWait,
    { holderXid }: LockConflict,
  ): Promise<readonly string[] | undefined> {
    const { xid } = wait;
    const isAsked = holderXid !== HOLDER_UNKNOWN && holderXid !== xid && xid !== undefined;
    if (!isAsked || this.#askingCount >= ASKING_MAX) return undefined;
    this.#askingCount += 1;
    try {
      return (await wait.awaitRelease(holderXid)).circle;
    } catch {
      // It is the first in the queue whom this concerns.
      return undefined;
    } finally {
      this.#askingCount -= 1;
    }
  }
}

/** What somebody wants in a queue. */
interface Wish {
  readonly conflict: LockConflict;
  readonly content: StatementContent | undefined;
  readonly wait: HolderWait;
  /** Does what has to be done before it has its turn, and need not be sooner. */
  readonly getReady: () => void;
}

const AT_ONCE: Start = {};

const none = (): undefined => undefined;

const nameOf = ({ key, table }: LockConflict): string => `${table} ${key}`;

/** The conflict with who has the row now, as far as this process knows. */
function holderIn(queue: RowQueue, conflict: LockConflict): LockConflict {
  if (!queue.isKnown) return conflict;
  return { ...conflict, holderXid: queue.holderXid ?? HOLDER_UNKNOWN };
}
