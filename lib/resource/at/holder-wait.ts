import type { LockConflict, LockConflictError, ReleaseSummary } from '../../protocol/index.js';
import { isCommitDecided } from '../../protocol/index.js';
import type { ResourceHost } from '../dtx-resource.interface.js';
import type { AtEngine } from './at-engine.interface.js';
import { HOLDER_UNKNOWN } from './at-engine.interface.js';
import type { Attempt, Start } from './attempt.js';
import { inTime } from './in-time.js';
import type { LocalWork } from './local-work.js';
import type { FailedWait } from './wait-errors.js';
import { deadlocked, leftBehind, timedOut, unknownHolder } from './wait-errors.js';

export interface HolderWaitDeps {
  readonly host: ResourceHost;
  readonly engine: AtEngine;
  readonly resourceId: string;
  readonly lockWaitTimeoutMs: number;
}

/** Who waits: a local transaction that has done nothing, and can be tried again. */
export type Waiting = Pick<LocalWork, 'xid' | 'lockWaitTimeoutMs' | 'register'>;

/** What a waiter has its work do. */
export interface Tries<T> {
  /** Runs the work from its start. */
  attempt(start: Start): Promise<Attempt<T>>;
  /**
   * Runs a statement of ours in its local transaction, if that is open already.
   *
   * @returns undefined where it cannot now
   */
  foretell?(text: string): Promise<void> | undefined;
}

/** How a row came free. */
export interface Freed extends Start {
  /** The holder, if it has been rolled back: it should have nothing any more. */
  readonly rolledBackXid?: string | undefined;
}

interface WaitingWork {
  /** A read takes nothing over. */
  readonly isWrite: boolean;
  readonly tries: Pick<Tries<unknown>, 'foretell'>;
}

/** The waits of one piece of work, within one time, for whoever holds what it wants. */
export class HolderWait {
  readonly #deps: HolderWaitDeps;
  readonly #work: Waiting;
  readonly #isWrite: boolean;
  readonly #tries: Pick<Tries<unknown>, 'foretell'>;
  readonly #timeoutMs: number;
  readonly #deadlineMs: number;
  /** Holders from whom the work has taken, or could not take, something over. */
  readonly #takenFrom = new Set<string>();

  constructor(deps: HolderWaitDeps, work: Waiting, { isWrite, tries }: WaitingWork) {
    this.#deps = deps;
    this.#work = work;
    this.#isWrite = isWrite;
    this.#tries = tries;
    this.#timeoutMs = work.lockWaitTimeoutMs ?? deps.lockWaitTimeoutMs;
    this.#deadlineMs = deps.host.clock.monotonicMs() + this.#timeoutMs;
  }

  get xid(): string | undefined {
    return this.#work.xid;
  }

  get leftMs(): number {
    return this.#deadlineMs - this.#deps.host.clock.monotonicMs();
  }

  /**
   * Waits until the row can be had, or may be.
   *
   * @param conflict the row, and who has it as far as is known
   * @param moved settles when somebody of this process knows better
   * @throws LockConflictError
   */
  async untilFree(conflict: LockConflict, moved: Promise<void>): Promise<Freed> {
    const { engine } = this.#deps;
    const { holderXid } = conflict;
    // Another branch of the same transaction was before us in the queue: the row is ours.
    if (holderXid === this.xid) return FREE;
    if (this.leftMs <= 0) throw this.timedOut(conflict);
    // The undo row is younger than the snapshot; a new local transaction will see whose it is.
    if (holderXid === HOLDER_UNKNOWN) return FREE;
    // Once per holder: behind the row there may be something else of it that cannot be taken over.
    const mayTake = this.#isWrite && !this.#takenFrom.has(holderXid);
    const release = mayTake ? engine.releaseStatement?.(conflict) : undefined;
    const foretold = this.#foretell(release);
    const answered = this.awaitRelease(holderXid, release !== undefined);
    const answer = await Promise.race([moved.then(none), answered]);
    if (answer === undefined || !this.#isCommitted(conflict, answer)) {
      // What was foretold has not come true.
      const ahead = foretold === undefined ? undefined : engine.withdrawStatement;
      return { ahead, rolledBackXid: answer === undefined ? undefined : holderXid };
    }
    // The commit is durable, or on its way, so these undo rows are only waiting for their clean-up.
    // Phase two gathers many and takes its time; a row that somebody waits for is freed at once.
    if (release === undefined) {
      await engine.releaseXids([holderXid]);
      return FREE;
    }
    this.#takenFrom.add(holderXid);
    await foretold;
    const durable = answer.durable && this.#inTime(answer.durable);
    return {
      ahead: foretold === undefined ? release : undefined,
      credit: durable && { holder: conflict, durable },
    };
  }

  /** @param mayBeForetold whether a commit counts that is not durable yet. @default false */
  awaitRelease(xid: string, mayBeForetold = false): Promise<ReleaseSummary> {
    const timeoutMs = Math.max(1, Math.ceil(this.leftMs));
    const waiter = this.xid === undefined ? undefined : { waiterXid: this.xid };
    const { client } = this.#deps.host;
    const answer = client.awaitRelease({ xid, timeoutMs, mayBeForetold, ...waiter });
    // Nobody may be listening any more when it comes.
    answer.catch(() => undefined);
    return answer;
  }

  timedOut(conflict: LockConflict): LockConflictError {
    return timedOut(this.#failed(conflict), this.#timeoutMs);
  }

  deadlocked(conflict: LockConflict, circle: readonly string[]): LockConflictError {
    return deadlocked(this.#failed(conflict), circle);
  }

  leftBehind(conflict: LockConflict): LockConflictError {
    return leftBehind(this.#failed(conflict));
  }

  /**
   * Says before the decision what will be true if it is a commit: a round trip less behind it. The
   * work comes only behind the decision, and takes it back where that is another one.
   */
  #foretell(release: string | undefined): Promise<void> | undefined {
    if (release === undefined || this.#deps.engine.withdrawStatement === undefined)
      return undefined;
    const foretold = this.#tries.foretell?.(release);
    // Nobody may be listening any more when it fails; what comes behind it fails too.
    foretold?.catch(() => undefined);
    return foretold;
  }

  /** A disk that takes longer is no reason to keep the row, and a connection. */
  async #inTime(durable: Promise<boolean>): Promise<boolean> {
    return (await inTime(this.#deps.host.clock, this.leftMs, durable)) && durable;
  }

  /** Whether the holder has committed; otherwise it is rolled back. */
  #isCommitted(conflict: LockConflict, { circle, status }: ReleaseSummary): boolean {
    if (circle !== undefined) throw this.deadlocked(conflict, circle);
    if (status === 'rolled-back') return false;
    if (status === 'absent') throw unknownHolder(this.#failed(conflict));
    if (!isCommitDecided(status)) throw this.timedOut(conflict);
    return true;
  }

  #failed(conflict: LockConflict): FailedWait {
    return { xid: this.xid, resourceId: this.#deps.resourceId, conflict };
  }
}

const FREE: Freed = {};

const none = (): undefined => undefined;
