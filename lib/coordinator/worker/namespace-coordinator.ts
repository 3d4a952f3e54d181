import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  BranchHandler,
  EndRequest,
  GlobalSummary,
  OperateRequest,
  RegisterBranchRequest,
  ReleaseSummary,
  SetRollbackOnlyRequest,
  StatusRequest,
} from '../../protocol/index.js';
import {
  GlobalNotActiveError,
  ResourceExhaustedError,
  assertXid,
  isEnded,
  messageOf,
} from '../../protocol/index.js';
import { refused } from '../../system/index.js';
import type { Command, Session } from '../core/index.js';
import { summaryOf } from '../core/index.js';
import type { Detachment, Origin } from '../participants/index.js';
import { assertBeginRequest, assertRegisterRequest } from './door.js';
import { holdBegin } from './held-begin.js';
import { BEGIN_GRACE_MS, BEGIN_PAUSE_MS, BEGIN_PAUSE_MS_MAX } from './limits.js';
import type { LiveSession } from './live-session.js';
import type { NamespaceDeps } from './namespace-sessions.js';
import { NamespaceSessions } from './namespace-sessions.js';
import { ReleaseWait } from './release-wait.js';
import type { SessionTable } from './session-table.js';
import type { Awaited } from './session-wait.js';
import { SessionWait } from './session-wait.js';
import { sleep } from './within-ms.js';

/** The global transactions of one namespace. Namespaces share the store, and see nothing else. */
export class NamespaceCoordinator {
  readonly #deps: NamespaceDeps;
  readonly #sessions: NamespaceSessions;
  readonly #table: SessionTable;
  readonly #wait: SessionWait;
  readonly #release: ReleaseWait;

  constructor(deps: NamespaceDeps) {
    const { clock, commits, deadlocks, namespace, store } = deps;
    this.#deps = deps;
    this.#sessions = new NamespaceSessions(deps);
    this.#table = this.#sessions.table;
    this.#wait = new SessionWait({
      clock,
      table: this.#table,
      isShared: store.isShared,
      hurry: (live) => {
        if (live.pendingCount > 0) commits.hurry();
      },
    });
    const [table, wait] = [this.#table, this.#wait];
    this.#release = new ReleaseWait({ clock, deadlocks, namespace, table, wait });
  }

  /** Sessions that are held in memory. */
  get heldCount(): number {
    return this.#table.size;
  }

  // Not async functions: these are the hot path, and each layer of them costs it promises.
  begin(request: BeginRequest): Promise<void> {
    try {
      return this.#begin(request);
    } catch (refusal) {
      return refused(refusal);
    }
  }

  #begin(request: BeginRequest): Promise<void> {
    assertBeginRequest(request);
    this.#assertRoom(request.xid);
    const { namespace } = this.#deps;
    const command: Command = { kind: 'begin', namespace, request };
    const live = this.#open(request.xid);
    const write = (): Promise<Session | undefined> => this.#submit(live, command, 'begin');
    // Where others share the store, its record is to be there before they hear of it.
    const mayWait = request.mayWait === true && !this.#deps.store.isShared && !live.isLoaded;
    return mayWait ? holdBegin(live, this.#deps.clock, write) : write().then(nothing);
  }

  /** @throws ResourceExhaustedError when another open transaction would be one too many */
  #assertRoom(xid: string): void {
    const { openTransactionsMax } = this.#deps.caps;
    if (this.#table.size < openTransactionsMax || this.#table.find(xid) !== undefined) return;
    const limit = `The number of open transactions in namespace ${this.#deps.namespace}`;
    const advice = 'Look for transactions that wait for a resource, or retry later.';
    throw new ResourceExhaustedError(limit, openTransactionsMax, advice);
  }

  registerBranch(request: RegisterBranchRequest): Promise<void> {
    try {
      return this.#registerBranch(request);
    } catch (refusal) {
      return refused(refusal);
    }
  }

  #registerBranch(request: RegisterBranchRequest): Promise<void> {
    assertRegisterRequest(request);
    if (request.begin !== undefined) this.#assertRoom(request.xid);
    const { caps, namespace } = this.#deps;
    const { branchesMax } = caps;
    const command: Command = { kind: 'register-branch', namespace, request, branchesMax };
    return this.#begun(request.xid, command, 'registerBranch');
  }

  async abandonBranch({ xid, branchId, reason }: AbandonBranchRequest): Promise<void> {
    const live = this.#open(xid);
    await this.#submit(live, { kind: 'report-branch', branchId, reason }, 'abandonBranch');
  }

  async setRollbackOnly({ xid, reason }: SetRollbackOnlyRequest): Promise<void> {
    const command: Command = { kind: 'set-rollback-only', xid, reason };
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

  async awaitRelease(request: AwaitReleaseRequest, gone?: AbortSignal): Promise<ReleaseSummary> {
    await this.#table.find(assertXid(request.xid))?.writeHeldBegin?.();
    return this.#release.until(request, gone);
  }

  /**
   * What a person orders about a decided transaction. Answers what stands then.
   *
   * @throws OperationRefusedError
   */
  async operate(request: OperateRequest): Promise<GlobalSummary> {
    const { xid } = request;
    const live = this.#open(xid);
    return summaryOf(xid, await this.#submit(live, { kind: 'operate', request }, 'operate'));
  }

  /** As NamespaceSessions.attach. */
  attach(handler: BranchHandler, origin?: Origin): Detachment {
    return this.#sessions.attach(handler, origin);
  }

  /** Takes over sessions that are this node's from now on. */
  takeOver(sessions: readonly Session[]): void {
    this.#sessions.takeOver(sessions);
  }

  /** Takes over what the last owner of a store of one node has left open. */
  recover(sessions: readonly Session[]): void {
    this.#sessions.recover(sessions);
  }

  /** Begins nothing more, and answers those who wait with what stands. */
  stop(): void {
    this.#wait.stop();
    this.#sessions.stop();
  }

  #end(
    request: EndRequest,
    kind: 'commit' | 'rollback',
    gone: AbortSignal | undefined,
  ): Promise<GlobalSummary> {
    const { waitMs, xid } = request;
    let live: LiveSession;
    try {
      live = this.#open(xid);
    } catch (refusal) {
      return refused(refusal);
    }
    return this.#submit(live, { kind }, kind).then((standing) =>
      waitMs <= 0 || standing === undefined
        ? summaryOf(xid, standing)
        : this.#untilEnded(live, standing, { waitMs, gone }),
    );
  }

  async #untilEnded(
    live: LiveSession,
    standing: Session,
    { gone, waitMs }: { readonly gone: AbortSignal | undefined; readonly waitMs: number },
  ): Promise<GlobalSummary> {
    const { xid } = live;
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
  #begun(xid: string, command: Command, what: string): Promise<void> {
    const { servesOthers, store } = this.#deps;
    if (store.isShared || servesOthers) return this.#begunElsewhere(xid, command, what);
    return this.#submit(this.#open(xid), command, what).then(nothing);
  }

  async #begunElsewhere(xid: string, command: Command, what: string): Promise<void> {
    const { clock } = this.#deps;
    const endMs = clock.monotonicMs() + BEGIN_GRACE_MS;
    for (let pauseMs = BEGIN_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, BEGIN_PAUSE_MS_MAX)) {
      try {
        await this.#submit(this.#open(xid), command, what);
        return;
      } catch (error) {
        const isAbsent = error instanceof GlobalNotActiveError && error.status === 'absent';
        if (!isAbsent || clock.monotonicMs() + pauseMs > endMs) throw error;
      }
      await sleep(clock, pauseMs);
    }
  }

  /** Ids that are known here have been looked at before. */
  #open(xid: string): LiveSession {
    return this.#table.find(xid) ?? this.#table.open(assertXid(xid));
  }

  #submit(live: LiveSession, command: Command, what: string): Promise<Session | undefined> {
    // In front of what is submitted now: both are decided and written in this order.
    void live.writeHeldBegin?.();
    return this.#deps.commits.submit(live, command, what);
  }
}

const nothing = (): undefined => undefined;
