import type {
  AwaitReleaseRequest,
  BeginRequest,
  BranchSummary,
  CoordinatorClient,
  Detach,
  EndRequest,
  GlobalSummary,
  RegisterBranchRequest,
  RollbackReason,
  SetRollbackOnlyRequest,
  AbandonBranchRequest,
  StatusRequest,
} from '../../protocol/index.js';
import { GlobalNotActiveError, OutcomeUnknownError } from '../../protocol/index.js';

/** How the next commit goes wrong; see `failNextCommit`. @publicApi */
export type CommitFailure = 'unknown' | 'rollback-only';

interface Recorded {
  readonly name: string;
  readonly branches: BranchSummary[];
  status: GlobalSummary['status'];
  reason?: RollbackReason;
  rollbackOnly?: string;
}

/**
 * A coordinator in memory that writes down what it is asked. DtxTestingModule puts it in the place
 * of the real one; inject it to look at what the code under test did, or to make a commit fail.
 *
 * @example
 * ```ts
 * import { Test } from '@nestjs/testing';
 * import { DtxTestingModule, RecordingCoordinator } from 'nestjs-dtx/testing';
 *
 * export async function record(work: () => Promise<void>): Promise<readonly string[]> {
 *   const app = await Test.createTestingModule({
 *     imports: [DtxTestingModule.forRoot({ double: 'recording' })],
 *   }).compile();
 *   await work();
 *   return app.get(RecordingCoordinator).transcript; // ['begin place-order', 'commit place-order']
 * }
 * ```
 *
 * @publicApi
 */
export class RecordingCoordinator implements CoordinatorClient {
  readonly #transactions = new Map<string, Recorded>();
  readonly #transcript: string[] = [];
  #nextFailure: CommitFailure | undefined;

  /**
   * What was asked, in order: `begin place-order`, `register AT orders`, `abandon AT orders`,
   * `rollback-only place-order (why)`, `commit place-order`, `rollback place-order (requested)`.
   */
  get transcript(): readonly string[] {
    return [...this.#transcript];
  }

  /** Forgets the transcript. Transactions that are open stay open. */
  clear(): void {
    this.#transcript.length = 0;
  }

  /**
   * Makes the next commit fail, once.
   *
   * - `unknown`: it is committed, but the answer is lost: OutcomeUnknownError.
   * - `rollback-only`: a service that takes part has forbidden it: RollbackOnlyError.
   */
  failNextCommit(failure: CommitFailure): void {
    this.#nextFailure = failure;
  }

  /** @internal */
  begin(request: BeginRequest): Promise<void> {
    this.#transactions.set(request.xid, { name: request.name, branches: [], status: 'active' });
    return this.#record(`begin ${request.name}`);
  }

  /** @internal */
  async registerBranch(request: RegisterBranchRequest): Promise<void> {
    const { branchId, resourceId, type, xid } = request;
    const recorded = this.#transactions.get(xid);
    if (recorded?.status !== 'active') {
      throw new GlobalNotActiveError(xid, recorded?.status ?? 'absent');
    }
    const seq = recorded.branches.length + 1;
    recorded.branches.push({
      branchId,
      seq,
      type,
      resourceId,
      status: 'registered',
      attempts: 0,
    });
    await this.#record(`register ${type} ${resourceId}`);
  }

  /** @internal */
  abandonBranch({ branchId, xid }: AbandonBranchRequest): Promise<void> {
    const branches = this.#transactions.get(xid)?.branches ?? [];
    const index = branches.findIndex((branch) => branch.branchId === branchId);
    const branch = branches[index];
    if (branch === undefined) return Promise.resolve();
    branches[index] = { ...branch, status: 'abandoned' };
    return this.#record(`abandon ${branch.type} ${branch.resourceId}`);
  }

  /** @internal */
  setRollbackOnly({ reason, xid }: SetRollbackOnlyRequest): Promise<void> {
    const recorded = this.#transactions.get(xid);
    if (recorded !== undefined) recorded.rollbackOnly ??= reason;
    return this.#record(`rollback-only ${recorded?.name ?? xid} (${reason})`);
  }

  /** @internal */
  async commit({ xid }: EndRequest): Promise<GlobalSummary> {
    const recorded = this.#transactions.get(xid);
    if (recorded?.status !== 'active') return this.#summary(xid);
    const failure = this.#nextFailure;
    this.#nextFailure = undefined;
    if (failure === 'rollback-only') recorded.rollbackOnly ??= 'failNextCommit() was called';
    if (recorded.rollbackOnly !== undefined) return this.#rollBack(xid, 'rollback-only');
    recorded.status = 'committed';
    const isLost = failure === 'unknown';
    await this.#record(`commit ${recorded.name}${isLost ? ' (answer lost)' : ''}`);
    if (isLost) throw new OutcomeUnknownError(xid, 'commit');
    return this.#summary(xid);
  }

  /** @internal */
  async rollback({ xid }: EndRequest): Promise<GlobalSummary> {
    const isActive = this.#transactions.get(xid)?.status === 'active';
    return isActive ? this.#rollBack(xid, 'requested') : this.#summary(xid);
  }

  /** @internal */
  status({ xid }: StatusRequest): Promise<GlobalSummary> {
    return Promise.resolve(this.#summary(xid));
  }

  /** @internal */
  awaitRelease({ xid }: AwaitReleaseRequest): Promise<GlobalSummary> {
    return Promise.resolve(this.#summary(xid));
  }

  /** @internal Nothing is finished in a second phase here. */
  attach(): Promise<Detach> {
    return Promise.resolve(() => Promise.resolve());
  }

  /** @internal */
  close(): Promise<void> {
    return Promise.resolve();
  }

  async #rollBack(xid: string, reason: RollbackReason): Promise<GlobalSummary> {
    const recorded = this.#transactions.get(xid);
    if (recorded !== undefined) Object.assign(recorded, { status: 'rolled-back', reason });
    await this.#record(`rollback ${recorded?.name ?? xid} (${reason})`);
    return this.#summary(xid);
  }

  #summary(xid: string): GlobalSummary {
    const recorded = this.#transactions.get(xid);
    if (recorded === undefined) return { xid, status: 'absent', branches: [] };
    return { ...recorded, xid, branches: [...recorded.branches] };
  }

  #record(line: string): Promise<void> {
    this.#transcript.push(line);
    return Promise.resolve();
  }
}
