import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  BranchHandler,
  Clock,
  Detach,
  DtxLog,
  EndRequest,
  GlobalSummary,
  Ids,
  RegisterBranchRequest,
  SetRollbackOnlyRequest,
  StatusRequest,
} from '../../protocol/index.js';
import {
  TIMEOUT_MS_MAX,
  TransactionLimitError,
  assertXid,
  isCommitDecided,
  isEnded,
} from '../../protocol/index.js';
import type { Command, Effect, Ownership, Session, SessionChange } from '../core/index.js';
import { summaryOf } from '../core/index.js';
import { ParticipantRegistry } from '../participants/index.js';
import type { SessionStore } from '../store/index.js';
import { assertBeginRequest, assertRegisterRequest } from './door.js';
import type { DurableObserver } from './durable-observer.interface.js';
import type { GroupCommit } from './group-commit.js';
import { CALL_TIMEOUT_MS, DETACH_MS, LAZY_WRITE_MS, OPEN_SESSIONS_MAX } from './limits.js';
import { LiveSession } from './live-session.js';
import { PhaseTwo } from './phase-two.js';
import { publishChange } from './publish-change.js';
import { TimeoutWatch } from './timeout-watch.js';
import { withinMs } from './within-ms.js';

export interface NamespaceCoordinatorDeps {
  readonly namespace: string;
  readonly ownership: Ownership;
  readonly store: SessionStore;
  readonly commits: GroupCommit;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
}

/** The global transactions of one namespace. Namespaces share the store, and see nothing else. */
export class NamespaceCoordinator implements DurableObserver {
  readonly #deps: NamespaceCoordinatorDeps;
  /** Sessions that have not ended, and those that somebody is asking about. */
  readonly #sessions = new Map<string, LiveSession>();
  readonly #participants: ParticipantRegistry;
  readonly #phaseTwo: PhaseTwo;
  readonly #timeouts: TimeoutWatch;

  constructor(deps: NamespaceCoordinatorDeps) {
    const { clock, commits, ids, log } = deps;
    this.#deps = deps;
    this.#participants = new ParticipantRegistry({
      clock,
      callTimeoutMs: CALL_TIMEOUT_MS,
      onAttached: (resourceId) => {
        this.#phaseTwo.attached(resourceId);
      },
    });
    this.#phaseTwo = new PhaseTwo({
      clock,
      ids,
      log,
      participants: this.#participants,
      report: (live, branchId, { outcome, retryAtMs }) => {
        this.#submitLazy(live, { kind: 'branch-outcome', branchId, outcome, retryAtMs });
      },
      reportEnd: (live) => {
        this.#submitLazy(live, { kind: 'end' });
      },
    });
    this.#timeouts = new TimeoutWatch({
      clock,
      sessions: () => this.#sessions.values(),
      onDue: (live) => {
        commits.submitLazy(live, { kind: 'timeout' });
        commits.hurry();
      },
    });
  }

  async begin(request: BeginRequest): Promise<void> {
    assertBeginRequest(request);
    if (this.#sessions.size >= OPEN_SESSIONS_MAX && !this.#sessions.has(request.xid)) {
      const advice = 'Look for transactions that wait for a resource, or retry later.';
      throw new TransactionLimitError('The number of open transactions', OPEN_SESSIONS_MAX, advice);
    }
    const { namespace, ownership } = this.#deps;
    const command: Command = { kind: 'begin', namespace, request, ownership };
    const live = this.#live(request.xid);
    if (request.mayWait === true && !live.isLoaded) await this.#hold(live, command);
    else await this.#submit(live, command, 'begin');
  }

  /**
   * Nobody waits for this begin, so it is written with the first thing that happens to the session,
   * or a little later: one durable write less on the way of most transactions.
   */
  #hold(live: LiveSession, command: Command): Promise<void> {
    // Nobody has begun an xid of 128 random bits before; if so, the store refuses the write.
    live.isLoaded = true;
    return new Promise((resolve, reject) => {
      const timer = this.#deps.clock.after(LAZY_WRITE_MS, () => void live.writeHeldBegin?.());
      live.writeHeldBegin = () => {
        timer.cancel();
        live.writeHeldBegin = undefined;
        const written = this.#submit(live, command, 'begin');
        return written.then(() => {
          resolve();
        }, reject);
      };
    });
  }

  async registerBranch(request: RegisterBranchRequest): Promise<void> {
    assertRegisterRequest(request);
    const live = this.#live(request.xid);
    await this.#submit(live, { kind: 'register-branch', request }, 'registerBranch');
  }

  async abandonBranch({ xid, branchId, reason }: AbandonBranchRequest): Promise<void> {
    const live = this.#live(assertXid(xid));
    await this.#submit(live, { kind: 'abandon-branch', branchId, reason }, 'abandonBranch');
  }

  async setRollbackOnly({ xid, reason }: SetRollbackOnlyRequest): Promise<void> {
    const live = this.#live(assertXid(xid));
    await this.#submit(live, { kind: 'set-rollback-only', xid, reason }, 'setRollbackOnly');
  }

  commit(request: EndRequest): Promise<GlobalSummary> {
    return this.#end(request, 'commit');
  }

  rollback(request: EndRequest): Promise<GlobalSummary> {
    return this.#end(request, 'rollback');
  }

  async status({ xid }: StatusRequest): Promise<GlobalSummary> {
    return summaryOf(xid, await this.#standing(assertXid(xid)));
  }

  async awaitRelease({ xid, timeoutMs }: AwaitReleaseRequest): Promise<GlobalSummary> {
    const standing = await this.#standing(assertXid(xid));
    const live = this.#sessions.get(xid);
    // What happened while it was read has woken nobody yet, hence the second look.
    if (live === undefined || !holdsRows(live.session)) {
      return summaryOf(xid, live?.session ?? standing);
    }
    await this.#wait(live.releaseWaiters.wait(this.#deps.clock, bounded(timeoutMs)));
    return summaryOf(xid, live.session);
  }

  /**
   * Detaching gives phase two of the resource's decided branches a bounded time first.
   *
   * @throws DuplicateResourceError
   */
  attach(handler: BranchHandler): Detach {
    const remove = this.#participants.attach(handler);
    return async () => {
      await withinMs(this.#deps.clock, DETACH_MS, this.#phaseTwo.quiet(handler.resourceId));
      remove();
    };
  }

  /** Takes over what the last owner of the store has left open. */
  recover(sessions: readonly Session[]): void {
    for (const session of sessions) {
      const live = this.#live(session.xid);
      live.session = session;
      live.isLoaded = true;
      // Whoever began it is gone, and nobody else could ask for its commit.
      if (session.status === 'active') this.#deps.commits.submitLazy(live, { kind: 'restart' });
      else this.reloaded(live);
    }
  }

  /** Begins nothing more, and answers those who wait with what stands. */
  stop(): void {
    this.#timeouts.stop();
    this.#phaseTwo.stop();
    for (const live of this.#sessions.values()) {
      void live.writeHeldBegin?.();
      live.released();
      live.ended();
    }
  }

  changed(live: LiveSession, change: SessionChange): void {
    publishChange(live, change);
  }

  effect(live: LiveSession, effect: Effect): void {
    if (effect === 'drive') this.#phaseTwo.drive(live);
    else if (effect === 'release') live.released();
    else if (effect === 'ended') live.ended();
    else if (live.session !== undefined) this.#timeouts.watch(live.session.dueAtMs);
  }

  reloaded(live: LiveSession): void {
    const { session } = live;
    if (!holdsRows(session)) live.released();
    if (session === undefined || isEnded(session.status)) live.ended();
    else if (session.status === 'active') this.#timeouts.watch(session.dueAtMs);
    else this.#phaseTwo.drive(live);
  }

  idle(live: LiveSession): void {
    if (live.pendingCount > 0) return;
    if (live.session !== undefined && !isEnded(live.session.status)) return;
    if (this.#sessions.get(live.xid) === live) this.#sessions.delete(live.xid);
  }

  async #end({ xid, waitMs }: EndRequest, kind: 'commit' | 'rollback'): Promise<GlobalSummary> {
    const live = this.#live(assertXid(xid));
    const standing = await this.#submit(live, { kind }, kind);
    if (waitMs <= 0 || standing === undefined) return summaryOf(xid, standing);
    // The end may have shared the write of this request: then it has woken nobody, hence the look.
    if (live.session !== undefined && !isEnded(live.session.status)) {
      await this.#wait(live.endWaiters.wait(this.#deps.clock, bounded(waitMs)));
    }
    return summaryOf(xid, live.session ?? standing);
  }

  /** Somebody waits for what may be a lazy write. */
  async #wait(event: Promise<void>): Promise<void> {
    this.#deps.commits.hurry();
    await event;
  }

  async #submit(live: LiveSession, command: Command, what: string): Promise<Session | undefined> {
    // In front of what is submitted now: both are decided and written in this order.
    void live.writeHeldBegin?.();
    try {
      return await this.#deps.commits.submit(live, command, what);
    } catch (error) {
      this.idle(live);
      throw error;
    }
  }

  #submitLazy(live: LiveSession, command: Command): void {
    this.#deps.commits.submitLazy(live, command);
    if (live.isAwaited) this.#deps.commits.hurry();
  }

  #live(xid: string): LiveSession {
    const known = this.#sessions.get(xid);
    if (known !== undefined) return known;
    const live = new LiveSession(this.#deps.namespace, xid, this);
    this.#sessions.set(xid, live);
    return live;
  }

  /** What is durable: from memory where it is sure of it. */
  async #standing(xid: string): Promise<Session | undefined> {
    const live = this.#sessions.get(xid);
    await live?.writeHeldBegin?.();
    if (live?.isLoaded === true && !live.isDoubtful) return live.session;
    return this.#deps.store.load(this.#deps.namespace, xid);
  }
}

/** Whether rows that the session has written may still be locked. */
function holdsRows(session: Session | undefined): boolean {
  if (session === undefined || isCommitDecided(session.status)) return false;
  return !isEnded(session.status);
}

function bounded(waitMs: number): number {
  return Math.min(waitMs, TIMEOUT_MS_MAX);
}
