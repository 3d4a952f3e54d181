import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  BranchOutcome,
  BranchTarget,
  EndRequest,
  GlobalSummary,
  RegisterBranchRequest,
  ReleaseSummary,
  SetRollbackOnlyRequest,
  StatusRequest,
} from './messages.js';
import type { BranchType } from './status.js';

/** A timer that can be called off. */
export interface Timer {
  cancel(): void;
}

/** Time as the product sees it. A simulation puts its own in. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. For what is stored; never for order. */
  now(): number;
  /** Monotonic milliseconds. For durations. */
  monotonicMs(): number;
  /** Calls back once, after at least `delayMs`. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): Timer;
  /** Calls back once, when the events of this turn of the event loop have been handled. */
  soon(callback: () => void): void;
}

/** Where new ids come from. */
export interface Ids {
  /**
   * 40 hexadecimal digits: 8 that put ids of the same moment side by side, and 128 random bits.
   */
  newXid(): string;
  /** A positive random 63-bit number in decimal. */
  newBranchId(): string;
}

/**
 * How a TM or an RM talks to the coordinator, near or far.
 *
 * Every call is idempotent and has a bound. A call whose answer was lost rejects with
 * OutcomeUnknownError, and may be repeated.
 */
export interface CoordinatorClient {
  /**
   * Whether calls reach the coordinator in the order in which they are made, also those of other
   * services that were called meanwhile. Then nobody has to wait for a begin: what needs the
   * transaction comes behind it. @default false
   */
  readonly keepsOrder?: boolean;
  /** @throws ResourceExhaustedError when the coordinator is full; nothing was accepted */
  begin(request: BeginRequest): Promise<void>;
  /** @throws GlobalNotActiveError when the decision has been made, or the xid is unknown */
  registerBranch(request: RegisterBranchRequest): Promise<void>;
  abandonBranch(request: AbandonBranchRequest): Promise<void>;
  setRollbackOnly(request: SetRollbackOnlyRequest): Promise<void>;
  /** Answers what stands: the caller looks whether that is the commit it asked for. */
  commit(request: EndRequest): Promise<GlobalSummary>;
  rollback(request: EndRequest): Promise<GlobalSummary>;
  status(request: StatusRequest): Promise<GlobalSummary>;
  /**
   * Answers as soon as the commit is decided, the rollback has ended or the xid is absent; when
   * the time is up, with what stands then. A waiter that is part of a circle of waiters, and has
   * been chosen to end it, gets its answer earlier, with the circle.
   */
  awaitRelease(request: AwaitReleaseRequest): Promise<ReleaseSummary>;
  /** From now on phase two of this resource's branches comes to the handler. */
  attach(handler: BranchHandler): Promise<Detach>;
  /** Gives the connection back. Calls after it fail. */
  close(): Promise<void>;
}

/** Ends an attachment: waits for the phase-two calls that are under way. */
export type Detach = () => Promise<void>;

/**
 * Phase two as it reaches a resource manager. Calls may repeat, come late and overlap; the handler
 * answers each target with what is true of it, in the order of the targets.
 */
export interface BranchHandler {
  readonly resourceId: string;
  readonly type: BranchType;
  commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]>;
  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]>;
}
