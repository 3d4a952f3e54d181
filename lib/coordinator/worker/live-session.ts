import type { Session } from '../core/index.js';
import type { DurableObserver } from './durable-observer.interface.js';
import type { ForetoldCommit } from './foretold-commit.js';
import type { PhaseTwoTarget } from './phase-two-target.js';
import { Waiters } from './waiters.js';

/** What this process holds of one session: the durable state, and who is busy with it. */
export class LiveSession {
  readonly namespace: string;
  readonly xid: string;
  readonly observer: DurableObserver;
  /** What is durable, as far as this process knows. */
  session: Session | undefined;
  /** What will be durable when the batch under way is. Nobody outside may see it. */
  ahead: Session | undefined;
  /** Whether `session` has been read or written, so that undefined means absent. */
  isLoaded = false;
  /** A write went wrong: only the store knows what stands. */
  isDoubtful = false;
  /** The store was found to hold something else, and `session` was set to that. */
  isMoved = false;
  /** It has been read for a reason: whatever its state asks of this node is to be done. */
  isReread = false;
  /** A batch with a request about it is under way. */
  isBeingWritten = false;
  /** A commit of the batch under way, if somebody has asked to be told of it. */
  foretold: ForetoldCommit | undefined;
  /** Requests that are queued or being written. */
  pendingCount = 0;
  /** Writes a begin that was held back, and resolves when it is durable. */
  writeHeldBegin: (() => Promise<void>) | undefined;
  /** The epoch under which it was kept for longer, though its resources are not here. */
  keptEpoch = 0;
  /** How often it was passed by since anybody has asked for something. */
  idleSweeps = 0;
  /** Phase two, once it has begun. */
  targets: readonly PhaseTwoTarget[] | undefined;
  #endWaiters: Waiters | undefined;
  #releaseWaiters: Waiters | undefined;
  #foretellWaiters: Waiters | undefined;

  constructor(namespace: string, xid: string, observer: DurableObserver) {
    this.namespace = namespace;
    this.xid = xid;
    this.observer = observer;
  }

  /** Those who wait until nothing happens to the session any more. */
  get endWaiters(): Waiters {
    return (this.#endWaiters ??= new Waiters());
  }

  /** Those who wait for rows that the session has locked. */
  get releaseWaiters(): Waiters {
    return (this.#releaseWaiters ??= new Waiters());
  }

  /** Those of them who want to know as soon as it is decided. */
  get foretellWaiters(): Waiters {
    return (this.#foretellWaiters ??= new Waiters());
  }

  get wantsForetelling(): boolean {
    return this.#foretellWaiters?.isEmpty === false;
  }

  /** Whether somebody waits for what phase two does, so that its writes must not be lazy. */
  get isAwaited(): boolean {
    const waits = [this.#endWaiters, this.#releaseWaiters, this.#foretellWaiters];
    return waits.some((waiters) => waiters?.isEmpty === false);
  }

  /** The rows can be had: wakes those who wait for them. */
  released(): void {
    this.#releaseWaiters?.wakeAll();
    this.#foretellWaiters?.wakeAll();
  }

  ended(): void {
    this.#endWaiters?.wakeAll();
  }
}
