import type { LockConflict } from '../../protocol/index.js';
import { LockConflictError, isCommitDecided } from '../../protocol/index.js';
import type { ResourceHost } from '../dtx-resource.interface.js';
import type { AtEngine } from './at-engine.interface.js';
import { HOLDER_UNKNOWN } from './at-engine.interface.js';
import type { LocalWork } from './local-work.js';

interface LockWaiterDeps {
  readonly host: ResourceHost;
  readonly engine: AtEngine;
  readonly resourceId: string;
  readonly lockWaitTimeoutMs: number;
}

/** Who waits: a local transaction that is rolled back, and will be tried again. */
type Waiting = Pick<LocalWork, 'xid' | 'lockWaitTimeoutMs'>;

/** Those who wait for one row in this process, in the order in which they met the conflict. */
interface Queue {
  /** Settles when everybody who is in the queue now has had their turn. */
  tail: Promise<void>;
  length: number;
  /** Who got the row last: the next in the queue need not run into the conflict to know. */
  lastXid: string | undefined;
}

/**
 * Waits for global locks. A waiter holds no row lock, is woken when the holder ends, takes its turn
 * in the order of arrival, and gives up after `lockWaitTimeoutMs`.
 *
 * Without the order everybody would retry at once, and all but one in vain.
 */
export class LockWaiter {
  readonly #deps: LockWaiterDeps;
  readonly #queues = new Map<string, Queue>();

  constructor(deps: LockWaiterDeps) {
    this.#deps = deps;
  }

  /**
   * Runs the attempt again when the row is free, until it no longer meets a conflict.
   *
   * @param work whose attempt it is
   * @param attempt runs the work from its start; returns the conflict that it met, or its result
   * @throws LockConflictError after `lockWaitTimeoutMs`; what the attempt throws
   */
  async retry<T>(
    work: Waiting,
    first: LockConflict,
    attempt: () => Promise<{ conflict: LockConflict } | { result: T }>,
  ): Promise<T> {
    const { clock } = this.#deps.host;
    const timeoutMs = work.lockWaitTimeoutMs ?? this.#deps.lockWaitTimeoutMs;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    let conflict = first;
    for (;;) {
      const turn = await this.#attemptInTurn(work, conflict, deadlineMs, attempt);
      if ('result' in turn) return turn.result;
      conflict = turn.conflict;
    }
  }

  async #attemptInTurn<T>(
    work: Waiting,
    conflict: LockConflict,
    deadlineMs: number,
    attempt: () => Promise<{ conflict: LockConflict } | { result: T }>,
  ): Promise<{ conflict: LockConflict } | { result: T }> {
    const name = `${conflict.table} ${conflict.key}`;
    const queue = this.#queues.get(name) ?? {
      tail: Promise.resolve(),
      length: 0,
      lastXid: undefined,
    };
    this.#queues.set(name, queue);
    queue.length += 1;
    const before = queue.tail;
    let done = (): void => undefined;
    queue.tail = new Promise((resolve) => {
      done = resolve;
    });
    try {
      // Each one before gives up by its own deadline, which is earlier than ours.
      await before;
      const holderXid = queue.lastXid ?? conflict.holderXid;
      await this.#waitForRelease(work, { ...conflict, holderXid }, deadlineMs);
      const turn = await attempt();
      if ('result' in turn) queue.lastXid = work.xid;
      return turn;
    } finally {
      done();
      queue.length -= 1;
      if (queue.length === 0) this.#queues.delete(name);
    }
  }

  async #waitForRelease(work: Waiting, conflict: LockConflict, deadlineMs: number): Promise<void> {
    const { engine, host, resourceId } = this.#deps;
    const { holderXid } = conflict;
    // Another branch of the same transaction was before us in the queue: the row is ours.
    if (holderXid === work.xid) return;
    const timeoutMs = deadlineMs - host.clock.monotonicMs();
    if (timeoutMs <= 0) throw this.#timedOut(work, conflict);
    // The undo row is younger than the snapshot; a new local transaction will see whose it is.
    if (holderXid === HOLDER_UNKNOWN) return;
    const { status } = await host.client.awaitRelease({ xid: holderXid, timeoutMs });
    if (status === 'rolled-back') return;
    if (status === 'absent') {
      const advice =
        `The coordinator does not know the holder: it belongs to another coordinator, or its ` +
        `record was purged. Its rows in dtx.undo_row of ${resourceId} need a person.`;
      throw new LockConflictError(work.xid, resourceId, conflict, advice);
    }
    if (!isCommitDecided(status)) throw this.#timedOut(work, conflict);
    // The commit is durable, so these undo rows are only waiting for their clean-up.
    await engine.releaseXids([holderXid]);
  }

  #timedOut(work: Waiting, conflict: LockConflict): LockConflictError {
    const { resourceId } = this.#deps;
    const lockWaitTimeoutMs = work.lockWaitTimeoutMs ?? this.#deps.lockWaitTimeoutMs;
    const advice =
      `It was not released within lockWaitTimeoutMs (${String(lockWaitTimeoutMs)}). Run the ` +
      `whole global transaction again, or raise lockWaitTimeoutMs of the resource.`;
    return new LockConflictError(work.xid, resourceId, conflict, advice);
  }
}
