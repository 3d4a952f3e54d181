import type { GlobalSummary } from '../../protocol/index.js';
import { OutcomeUnknownError } from '../../protocol/index.js';
import type { ClientBodies, WireRefusal, WireSummary } from '../../protocol/wire/index.js';
import { fromWireRefusal, fromWireSummary } from '../../protocol/wire/index.js';
import type { CallLane } from './call-lane.js';
import type { Operation, OutgoingCall } from './outgoing-call.js';
import { NODE_CLOSED } from './outgoing-call.js';

/** Who brings calls to a node, and looks after them. */
export interface CallOwner {
  /** Nobody waits for it any more. */
  settled(call: RemoteCall): void;
  /** It has to be asked again. */
  released(call: RemoteCall): void;
}

export interface CallPlan {
  readonly operation: Operation;
  readonly body: ClientBodies[Operation];
  readonly xid: string;
  /** Monotonic: when it is given up. */
  readonly deadlineMs: number;
  /** Monotonic: until when the node may wait before it answers. */
  readonly waitUntilMs: number;
  readonly isLongWait: boolean;
}

/** Operations that change nothing: one without an answer has done nothing. */
const READS: ReadonlySet<Operation> = new Set<Operation>(['status', 'awaitRelease']);

const SUMMARIZED: ReadonlySet<Operation> = new Set<Operation>([
  'commit',
  'rollback',
  'status',
  'awaitRelease',
]);

/** One call of the client, from the moment it is made until it is answered or given up. */
export class RemoteCall implements OutgoingCall {
  readonly operation: Operation;
  readonly xid: string;
  readonly deadlineMs: number;
  readonly promise: Promise<GlobalSummary | undefined>;
  readonly #owner: CallOwner;
  readonly #waitUntilMs: number;
  readonly isLongWait: boolean;
  body: ClientBodies[Operation];
  /** The calls that it must not overtake. */
  lane: CallLane | undefined;
  /** A connection has it. */
  isAssigned = false;
  /** How many nodes may have done it. */
  #sentCount = 0;
  isSettled = false;
  #resolve!: (summary: GlobalSummary | undefined) => void;
  #reject!: (error: unknown) => void;

  constructor(owner: CallOwner, plan: CallPlan) {
    this.#owner = owner;
    this.operation = plan.operation;
    this.body = plan.body;
    this.xid = plan.xid;
    this.deadlineMs = plan.deadlineMs;
    this.#waitUntilMs = plan.waitUntilMs;
    this.isLongWait = plan.isLongWait;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isRead(): boolean {
    return READS.has(this.operation);
  }

  /** A node may have done it. */
  get wasSent(): boolean {
    return this.#sentCount > 0;
  }

  sent(): void {
    this.#sentCount += 1;
  }

  answered(summary: WireSummary | undefined): void {
    if (!SUMMARIZED.has(this.operation)) {
      this.#settle();
      this.#resolve(undefined);
      return;
    }
    try {
      if (summary === undefined) throw new Error('the answer tells no state');
      const read = fromWireSummary(summary);
      this.#settle();
      this.#resolve(read);
    } catch (cause) {
      this.failed(new OutcomeUnknownError(this.xid, this.operation, { cause }));
    }
  }

  refused(refusal: WireRefusal): void {
    if (refusal.code !== NODE_CLOSED) {
      this.failed(fromWireRefusal(refusal));
      return;
    }
    this.#sentCount -= 1;
    this.released();
  }

  failed(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  released(): void {
    if (!this.isSettled) this.#owner.released(this);
  }

  /** What is asked again does not wait anew. */
  shortenWait(nowMs: number): void {
    const leftMs = Math.max(0, Math.ceil(this.#waitUntilMs - nowMs));
    if (this.operation === 'awaitRelease') this.body = { ...this.body, timeoutMs: leftMs };
    else if (this.operation === 'commit' || this.operation === 'rollback') {
      this.body = { xid: this.xid, waitMs: leftMs };
    }
  }

  #settle(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#owner.settled(this);
  }
}
