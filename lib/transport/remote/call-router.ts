import type { Clock, DtxError, GlobalSummary } from '../../protocol/index.js';
import {
  CoordinatorClosedError,
  CoordinatorUnreachableError,
  OutcomeUnknownError,
  ResourceExhaustedError,
} from '../../protocol/index.js';
import type { ClientBodies } from '../../protocol/wire/index.js';
import { CallLane } from './call-lane.js';
import { SWEEP_MS, UNANSWERED_CALLS_MAX } from './limits.js';
import type { NodeConnection } from './node-connection.js';
import type { Operation } from './outgoing-call.js';
import type { CallOwner } from './remote-call.js';
import { RemoteCall } from './remote-call.js';

interface CallRouterDeps {
  readonly clock: Clock;
  readonly callTimeoutMs: number;
  /** Where the calls of a transaction go now; nowhere if no node is open. */
  readonly pick: (xid: string) => NodeConnection | undefined;
  /** The nodes as people name them, and why none of them is open. */
  readonly nodes: { readonly names: readonly string[]; readonly trouble: string };
  readonly hold: () => () => void;
}

/**
 * Brings calls to the nodes: those of one transaction to the same one, in their order. What a lost
 * connection leaves unanswered is asked again elsewhere, until its time is up: every call is
 * idempotent, so the second answer is as true as the first would have been.
 */
export class CallRouter implements CallOwner {
  readonly #deps: CallRouterDeps;
  readonly #unanswered = new Set<RemoteCall>();
  readonly #lanes = new Map<string, CallLane>();
  /** Lanes that no node has, in the order in which they lost theirs. */
  readonly #stranded = new Set<CallLane>();
  /** Lanes whose calls came back a moment ago. */
  readonly #released = new Set<CallLane>();
  #isSweepPlanned = false;
  #release: (() => void) | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(deps: CallRouterDeps) {
    this.#deps = deps;
  }

  /** @param waitMs how long the node may wait before it answers */
  call(
    operation: Operation,
    xid: string,
    body: ClientBodies[Operation],
    waitMs = 0,
  ): Promise<GlobalSummary | undefined> {
    if (this.#unanswered.size >= UNANSWERED_CALLS_MAX) return Promise.reject(tooMany());
    const waitUntilMs = this.#deps.clock.monotonicMs() + waitMs;
    const deadlineMs = waitUntilMs + this.#deps.callTimeoutMs;
    const isLongWait = waitMs > 0;
    const call = new RemoteCall(this, {
      operation,
      body,
      xid,
      deadlineMs,
      waitUntilMs,
      isLongWait,
    });
    this.#unanswered.add(call);
    this.#planSweep();
    const lane = this.#laneOf(call);
    lane.calls.push(call);
    this.#enter(lane, call);
    return call.promise;
  }

  /** A node is open: whatever waited for one goes there. */
  opened(): void {
    for (const lane of [...this.#stranded]) this.#dispatch(lane);
  }

  /** A connection has given calls back. */
  released(call: RemoteCall): void {
    const { lane } = call;
    if (lane === undefined) return;
    lane.unassign(call);
    call.shortenWait(this.#deps.clock.monotonicMs());
    // Not before all that come back with it are here: the first may not be the oldest.
    if (this.#released.size === 0)
      queueMicrotask(() => {
        this.#dispatchReleased();
      });
    this.#released.add(lane);
  }

  settled(call: RemoteCall): void {
    const { lane } = call;
    this.#unanswered.delete(call);
    if (this.#unanswered.size === 0) this.#onEmpty?.();
    if (lane === undefined) return;
    lane.remove(call);
    if (lane.calls.length > 0) {
      this.#dispatchIfFree(lane);
      return;
    }
    if (this.#lanes.get(lane.xid) === lane) this.#lanes.delete(lane.xid);
    if (this.#stranded.delete(lane)) this.#holdWhileStranded();
  }

  /** Resolves when every call has been answered, given up or taken away. */
  empty(): Promise<void> {
    if (this.#unanswered.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
    });
  }

  /** Gives up all calls, or those that no node has. */
  abort(which: 'all' | 'stranded'): void {
    for (const call of [...this.#unanswered]) {
      if (which === 'stranded' && call.isAssigned) continue;
      const isUnknown = call.wasSent && !call.isRead;
      call.failed(
        isUnknown
          ? new OutcomeUnknownError(call.xid, call.operation)
          : new CoordinatorClosedError(call.operation),
      );
    }
  }

  #laneOf(call: RemoteCall): CallLane {
    const { operation, xid } = call;
    // Whoever waits for a release must not hold up the commit that brings it about.
    const known = operation === 'awaitRelease' ? undefined : this.#lanes.get(xid);
    const lane = known ?? new CallLane(xid);
    if (known === undefined && operation !== 'awaitRelease') this.#lanes.set(xid, lane);
    call.lane = lane;
    return lane;
  }

  #enter(lane: CallLane, call: RemoteCall): void {
    const { connection } = lane;
    const isNext = lane.assignedCount === lane.calls.length - 1;
    if (connection?.isOpen === true && isNext && lane.assignedCount > 0) {
      lane.assign(call, connection);
      return;
    }
    if (!this.#released.has(lane)) this.#dispatchIfFree(lane);
  }

  #dispatchReleased(): void {
    const lanes = [...this.#released];
    this.#released.clear();
    for (const lane of lanes) this.#dispatchIfFree(lane);
  }

  /** Calls that are still under way at a node that leaves keep the others back. */
  #dispatchIfFree(lane: CallLane): void {
    if (lane.assignedCount > 0 || lane.calls.length === 0) return;
    if (!this.#stranded.has(lane)) this.#dispatch(lane);
  }

  #dispatch(lane: CallLane): void {
    const connection = this.#deps.pick(lane.xid);
    if (connection === undefined) {
      this.#stranded.add(lane);
      this.#holdWhileStranded();
      return;
    }
    if (this.#stranded.delete(lane)) this.#holdWhileStranded();
    for (const call of lane.calls) lane.assign(call, connection);
  }

  /** Without a connection nothing else keeps a process alive that waits for its answer. */
  #holdWhileStranded(): void {
    if (this.#stranded.size > 0) {
      this.#release ??= this.#deps.hold();
      return;
    }
    this.#release?.();
    this.#release = undefined;
  }

  #planSweep(): void {
    if (this.#isSweepPlanned) return;
    this.#isSweepPlanned = true;
    this.#deps.clock.after(SWEEP_MS, () => {
      this.#isSweepPlanned = false;
      this.#sweep();
      if (this.#unanswered.size > 0) this.#planSweep();
    });
  }

  /** One timer for all calls: a timer of its own would cost each of them more than its answer. */
  #sweep(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const call of this.#unanswered) {
      if (call.deadlineMs <= nowMs) call.failed(this.#overdue(call));
    }
  }

  #overdue(call: RemoteCall): DtxError {
    const { callTimeoutMs, nodes, pick } = this.#deps;
    const late = `${call.operation} was not answered within ${String(callTimeoutMs)} ms`;
    const cause = new Error(nodes.trouble === '' ? late : `${late}: ${nodes.trouble}`);
    if (call.wasSent && !call.isRead) {
      return new OutcomeUnknownError(call.xid, call.operation, { cause });
    }
    if (!call.wasSent && pick(call.xid) !== undefined) return tooMany();
    return new CoordinatorUnreachableError(nodes.names, cause.message, { cause });
  }
}

function tooMany(): ResourceExhaustedError {
  return new ResourceExhaustedError(
    'The number of calls that wait for the coordinator',
    UNANSWERED_CALLS_MAX,
    'Retry later; run fewer transactions at a time in this process.',
  );
}
