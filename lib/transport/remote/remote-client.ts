import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  BranchHandler,
  Clock,
  CoordinatorClient,
  Detach,
  EndRequest,
  GlobalSummary,
  RegisterBranchRequest,
  ReleaseSummary,
  SetRollbackOnlyRequest,
  StatusRequest,
} from '../../protocol/index.js';
import { CoordinatorClosedError } from '../../protocol/index.js';
import type { ClientBodies } from '../../protocol/wire/index.js';
import { toWireRegisterBranch } from '../../protocol/wire/index.js';
import type { Attachments } from './attachments.js';
import type { CallRouter } from './call-router.js';
import { CLOSE_MS_MAX } from './limits.js';
import type { NodeSet } from './node-set.js';
import type { Operation } from './outgoing-call.js';

interface RemoteClientDeps {
  readonly clock: Clock;
  readonly attachments: Attachments;
  readonly nodes: NodeSet;
  readonly router: CallRouter;
}

/** Calls a coordinator of other processes. */
export class RemoteClient implements CoordinatorClient {
  /** Within this client; for those of other services a node waits a moment for the begin. */
  readonly keepsOrder = true;
  readonly #deps: RemoteClientDeps;
  #closing: Promise<void> | undefined;

  constructor(deps: RemoteClientDeps) {
    this.#deps = deps;
  }

  begin(request: BeginRequest): Promise<void> {
    return this.#acknowledged('begin', request.xid, request);
  }

  registerBranch(request: RegisterBranchRequest): Promise<void> {
    return this.#acknowledged('registerBranch', request.xid, toWireRegisterBranch(request));
  }

  abandonBranch(request: AbandonBranchRequest): Promise<void> {
    return this.#acknowledged('abandonBranch', request.xid, request);
  }

  setRollbackOnly(request: SetRollbackOnlyRequest): Promise<void> {
    return this.#acknowledged('setRollbackOnly', request.xid, request);
  }

  commit(request: EndRequest): Promise<GlobalSummary> {
    return this.#summary('commit', request.xid, request, request.waitMs);
  }

  rollback(request: EndRequest): Promise<GlobalSummary> {
    return this.#summary('rollback', request.xid, request, request.waitMs);
  }

  status(request: StatusRequest): Promise<GlobalSummary> {
    return this.#summary('status', request.xid, request, 0);
  }

  awaitRelease(request: AwaitReleaseRequest): Promise<ReleaseSummary> {
    return this.#summary('awaitRelease', request.xid, request, request.timeoutMs);
  }

  attach(handler: BranchHandler): Promise<Detach> {
    if (this.#closing !== undefined) return Promise.reject(new CoordinatorClosedError('attach'));
    return this.#deps.attachments.attach(handler);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const { attachments, clock, nodes, router } = this.#deps;
    // Nobody knows when a node comes back, and an application that stops has no time to wait.
    router.abort('stranded');
    const timer = clock.after(CLOSE_MS_MAX, () => {
      router.abort('all');
    });
    await Promise.all([attachments.close(), router.empty()]);
    timer.cancel();
    await nodes.stop();
  }

  #acknowledged(operation: Operation, xid: string, body: ClientBodies[Operation]): Promise<void> {
    return this.#call(operation, xid, body, 0) as Promise<unknown> as Promise<void>;
  }

  /** The router rejects where an answer of these has no summary. */
  #summary(
    operation: Operation,
    xid: string,
    body: ClientBodies[Operation],
    waitMs: number,
  ): Promise<ReleaseSummary> {
    return this.#call(operation, xid, body, waitMs) as Promise<ReleaseSummary>;
  }

  #call(
    operation: Operation,
    xid: string,
    body: ClientBodies[Operation],
    waitMs: number,
  ): Promise<GlobalSummary | undefined> {
    if (this.#closing !== undefined) return Promise.reject(new CoordinatorClosedError(operation));
    return this.#deps.router.call(operation, xid, body, waitMs);
  }
}
