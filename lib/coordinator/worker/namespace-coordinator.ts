import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  BranchHandler,
  Clock,
  DtxLog,
  EndRequest,
  GlobalSummary,
  Ids,
  OperateRequest,
  RegisterBranchRequest,
  SetRollbackOnlyRequest,
  StatusRequest,
} from '../../protocol/index.js';
import {
  GlobalNotActiveError,
  NEVER_MS,
  ResourceExhaustedError,
  assertXid,
  isEnded,
  messageOf,
} from '../../protocol/index.js';
import type { Command, Effect, Session, SessionChange } from '../core/index.js';
import { summaryOf } from '../core/index.js';
import type { Detachment, Origin } from '../participants/index.js';
import { HERE, ParticipantRegistry } from '../participants/index.js';
import type { SessionStore } from '../store/index.js';
import type { NamespaceCaps } from './namespace-caps.js';
import { assertBeginRequest, assertRegisterRequest } from './door.js';
import type { DurableObserver } from './durable-observer.interface.js';
import type { GroupCommit } from './group-commit.js';
import { LeaseKeeper } from './lease-keeper.js';
import { holdBegin } from './held-begin.js';
import { BEGIN_GRACE_MS, BEGIN_PAUSE_MS, CALL_TIMEOUT_MS, DETACH_MS } from './limits.js';
import type { LiveSession } from './live-session.js';
import type { NodeIdentity } from './node-identity.js';
import { logParked } from './phase-two-log.js';
import { PhaseTwo } from './phase-two.js';
import { publishChange } from './publish-change.js';
import { SessionTable } from './session-table.js';
import type { Awaited } from './session-wait.js';
import { SessionWait } from './session-wait.js';
import { holdsRows, isDormant } from './standing.js';
import { TimeoutWatch } from './timeout-watch.js';
import { sleep, withinMs } from './within-ms.js';

export interface NamespaceCoordinatorDeps {
  readonly namespace: string;
  readonly node: NodeIdentity;
  readonly store: SessionStore;
  readonly commits: GroupCommit;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
  /** Whether clients of other processes use it, see CoordinatorOptions. */
  readonly servesOthers: boolean;
  readonly caps: NamespaceCaps;
}

/** The global transactions of one namespace. Namespaces share the store, and see nothing else. */
export class NamespaceCoordinator implements DurableObserver {
  readonly #deps: NamespaceCoordinatorDeps;
  readonly #table: SessionTable;
  readonly #wait: SessionWait;
  readonly #participants: ParticipantRegistry;
  readonly #phaseTwo: PhaseTwo;
  readonly #timeouts: TimeoutWatch;
  readonly #leases: LeaseKeeper;

  constructor(deps: NamespaceCoordinatorDeps) {
    const { clock, commits, ids, log, namespace, node, store } = deps;
    this.#deps = deps;
    this.#table = new SessionTable({
      namespace,
      owner: node.owner,
      clock,
      store,
      observer: this,
      onForgotten: (live) => {
        this.#phaseTwo.forget(live);
      },
    });
    this.#wait = new SessionWait({
      clock,
      table: this.#table,
      isShared: store.isShared,
      hurry: () => {
        commits.hurry();
      },
    });
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
      isShared: store.isShared,
      report: (live, branchId, reported) => {
        this.#report(live, { kind: 'branch-outcome', branchId, ...reported });
      },
      reportEnd: (live) => {
        this.#report(live, { kind: 'end' });
      },
    });
    this.#timeouts = new TimeoutWatch({
      clock,
      owner: node.owner,
      sessions: () => this.#table.all(),
      onDue: (live) => {
        commits.submitLazy(live, { kind: 'timeout' });
        commits.hurry();
      },
    });
    this.#leases = new LeaseKeeper({
      clock,
      node,
      sessions: () => this.#table.all(),
      isBusy: (live) => this.#phaseTwo.isBusyWith(live),
      renew: (live, leaseMs) => {
        commits.submitLazy(live, { kind: 'renew', leaseMs });
      },
      letGo: (live) => {
        this.#table.forget(live);
      },
    });
  }

  /** Sessions that are held in memory. */
  get heldCount(): number {
    return this.#table.size;
  }

  async begin(request: BeginRequest): Promise<void> {
    assertBeginRequest(request);
    this.#assertRoom(request.xid);
    const { namespace } = this.#deps;
    const command: Command = { kind: 'begin', namespace, request };
    const live = this.#table.open(request.xid);
    const write = (): Promise<Session | undefined> => this.#submit(live, command, 'begin');
    // Where others share the store, its record is to be there before they hear of it.
    const mayWait = request.mayWait === true && !this.#deps.store.isShared && !live.isLoaded;
    await (mayWait ? holdBegin(live, this.#deps.clock, write) : write());
  }

  /** @throws ResourceExhaustedError when another open transaction would be one too many */
  #assertRoom(xid: string): void {
    const { openTransactionsMax } = this.#deps.caps;
    if (this.#table.size < openTransactionsMax || this.#table.find(xid) !== undefined) return;
    const limit = `The number of open transactions in namespace ${this.#deps.namespace}`;
    const advice = 'Look for transactions that wait for a resource, or retry later.';
    throw new ResourceExhaustedError(limit, openTransactionsMax, advice);
  }

  async registerBranch(request: RegisterBranchRequest): Promise<void> {
    assertRegisterRequest(request);
    if (request.begin !== undefined) this.#assertRoom(request.xid);
    const { caps, namespace } = this.#deps;
    const { branchesMax } = caps;
    const command: Command = { kind: 'register-branch', namespace, request, branchesMax };
    await this.#begun(request.xid, command, 'registerBranch');
  }

  async abandonBranch({ xid, branchId, reason }: AbandonBranchRequest): Promise<void> {
    const live = this.#table.open(assertXid(xid));
    await this.#submit(live, { kind: 'report-branch', branchId, reason }, 'abandonBranch');
  }

  async setRollbackOnly({ xid, reason }: SetRollbackOnlyRequest): Promise<void> {
    const command: Command = { kind: 'set-rollback-only', xid: assertXid(xid), reason };
    await this.#begun(xid, command, 'setRollbackOnly');
  }

  /** @param gone aborted when nobody waits for the answer any more; the decision stands */
  commit(request: EndRequest, gone?: AbortSignal): Promise<GlobalSummary> {
    return this.#end(request, 'commit', gone);
  }

  rollback(request: EndRequest, gone?: AbortSignal): Promise<GlobalSummary> {
    return this.#end(request, 'rollback', gone);
  }

  async status({ xid }: StatusRequest): Promise<GlobalSummary> {
    return summaryOf(xid, await this.#table.standing(assertXid(xid)));
  }

  async awaitRelease(
    { xid, timeoutMs }: AwaitReleaseRequest,
    gone?: AbortSignal,
  ): Promise<GlobalSummary> {
    await this.#table.find(assertXid(xid))?.writeHeldBegin?.();
    const standing = await this.#wait.until(xid, timeoutMs, {
      waitersOf: (live) => live.releaseWaiters,
      isOver: (session) => !holdsRows(session),
      gone,
    });
    return summaryOf(xid, standing);
  }

  /**
   * What a person orders about a decided transaction. Answers what stands then.
   *
   * @throws OperationRefusedError
   */
  async operate(request: OperateRequest): Promise<GlobalSummary> {
    const { xid } = request;
    const live = this.#table.open(assertXid(xid));
    return summaryOf(xid, await this.#submit(live, { kind: 'operate', request }, 'operate'));
  }

  /**
   * Detaching gives phase two of the resource's decided branches a bounded time first, unless other
   * instances can take it over.
   *
   * @param origin whose resource it is. @default the process that the coordinator is embedded in
   * @throws DuplicateResourceError
   */
  attach(handler: BranchHandler, origin: Origin = HERE): Detachment {
    const participant = this.#participants.attach(handler, origin);
    const detach = async (): Promise<void> => {
      participant.isLeaving = true;
      await withinMs(this.#deps.clock, DETACH_MS, this.#phaseTwo.quiet(participant));
      this.#participants.remove(participant);
    };
    return Object.assign(detach, {
      lost: () => {
        this.#participants.remove(participant);
      },
    });
  }

  /** Takes over sessions that are this node's from now on. */
  takeOver(sessions: readonly Session[]): void {
    for (const session of sessions) {
      const live = this.#table.open(session.xid);
      live.session = session;
      live.isLoaded = true;
      this.reloaded(live);
      this.idle(live);
    }
  }

  /** Takes over what the last owner of a store of one node has left open. */
  recover(sessions: readonly Session[]): void {
    const isGone = ({ status }: Session): boolean =>
      status === 'active' && !this.#deps.servesOthers;
    for (const session of sessions.filter(isGone)) {
      const live = this.#table.open(session.xid);
      live.session = session;
      live.isLoaded = true;
      // Whoever began it is gone, and nobody else could ask for its commit.
      this.#deps.commits.submitLazy(live, { kind: 'restart' });
    }
    this.takeOver(sessions.filter((session) => !isGone(session)));
  }

  /** Begins nothing more, and answers those who wait with what stands. */
  stop(): void {
    this.#wait.stop();
    this.#timeouts.stop();
    this.#leases.stop();
    this.#phaseTwo.stop();
    for (const live of this.#table.all()) {
      void live.writeHeldBegin?.();
      wakeAll(live);
    }
  }

  changed(live: LiveSession, change: SessionChange): void {
    publishChange(live, change);
    logParked(this.#deps.log, change);
  }

  effect(live: LiveSession, effect: Effect): void {
    if (effect === 'drive') this.#phaseTwo.drive(live);
    else if (effect === 'release') live.released();
    else if (effect === 'ended') live.ended();
    else if (live.session !== undefined) this.#timeouts.watch(live.session.dueAtMs);
  }

  reloaded(live: LiveSession): void {
    const { session } = live;
    if (session === undefined || isEnded(session.status) || !this.#isOwn(session)) {
      this.#phaseTwo.forget(live);
      // Whoever waits here looks again, and then elsewhere.
      wakeAll(live);
      return;
    }
    if (!holdsRows(session)) live.released();
    if (session.status === 'active') {
      this.#timeouts.watch(session.dueAtMs);
      return;
    }
    this.#phaseTwo.drive(live);
    // It was taken over for nothing: all that is left needs a person.
    if (isDormant(session) && session.leaseUntilMs < NEVER_MS) {
      this.#submitLazy(live, { kind: 'renew', leaseMs: 0 });
    }
  }

  idle(live: LiveSession): void {
    this.#table.release(live);
  }

  async #end(
    { xid, waitMs }: EndRequest,
    kind: 'commit' | 'rollback',
    gone: AbortSignal | undefined,
  ): Promise<GlobalSummary> {
    const live = this.#table.open(assertXid(xid));
    const standing = await this.#submit(live, { kind }, kind);
    if (waitMs <= 0 || standing === undefined) return summaryOf(xid, standing);
    const wanted: Awaited = {
      waitersOf: ({ endWaiters }) => endWaiters,
      isOver: (session) => session === undefined || isEnded(session.status),
      gone,
    };
    if (wanted.isOver(standing)) return summaryOf(xid, standing);
    try {
      return summaryOf(xid, (await this.#wait.until(xid, waitMs, wanted)) ?? standing);
    } catch (error) {
      // The decision is durable, whatever keeps us from seeing its end.
      this.#deps.log.warn(`The end of global transaction ${xid} is not seen: ${messageOf(error)}`);
      return summaryOf(xid, live.session ?? standing);
    }
  }

  /**
   * Nobody waits for a begin, so a call to another service may be faster than the record: there it
   * is looked for again before the call is refused.
   */
  async #begun(xid: string, command: Command, what: string): Promise<void> {
    const { clock, servesOthers, store } = this.#deps;
    const graceMs = store.isShared || servesOthers ? BEGIN_GRACE_MS : 0;
    const endMs = clock.monotonicMs() + graceMs;
    for (let pauseMs = BEGIN_PAUSE_MS; ; pauseMs *= 2) {
      try {
        await this.#submit(this.#table.open(xid), command, what);
        return;
      } catch (error) {
        const isAbsent = error instanceof GlobalNotActiveError && error.status === 'absent';
        if (!isAbsent || clock.monotonicMs() + pauseMs > endMs) throw error;
      }
      await sleep(clock, pauseMs);
    }
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

  /**
   * What phase two has to say. A call can outlast its session here: another node has taken that
   * over or it has ended, and it may even have come back since.
   */
  #report({ xid }: LiveSession, command: Command): void {
    this.#submitLazy(this.#table.open(xid), command);
  }

  #submitLazy(live: LiveSession, command: Command): void {
    this.#deps.commits.submitLazy(live, command);
    if (live.isAwaited) this.#deps.commits.hurry();
  }

  #isOwn({ owner }: Session): boolean {
    return owner === this.#deps.node.owner;
  }
}

function wakeAll(live: LiveSession): void {
  live.released();
  live.ended();
}
