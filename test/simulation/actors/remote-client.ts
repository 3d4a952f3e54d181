import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  BranchHandler,
  CoordinatorClient,
  Detach,
  EndRequest,
  GlobalSummary,
  OperateRequest,
  RegisterBranchRequest,
  ReleaseSummary,
  SetRollbackOnlyRequest,
  StatusRequest,
} from '../../../lib/protocol/index.js';
import type { Witness } from '../checks/index.js';
import type { Life, Network, Rng, SimProcess } from '../kernel/index.js';
import { LOST_ANSWER, RemoteCallError } from '../kernel/index.js';

interface RemoteClientDeps {
  readonly life: Life;
  readonly network: Network;
  readonly rng: Rng;
  readonly coordinators: readonly SimProcess[];
  /** Hears every answer. */
  readonly witness: Witness;
}

/** Longer than most answers take, shorter than a slow message does. */
const TIMEOUT_MS = 400;

/**
 * Calls a coordinator over the network; each call goes to any of the nodes. What is not answered in
 * time is of unknown outcome, and the caller may ask again.
 */
export class RemoteClient implements CoordinatorClient {
  readonly #deps: RemoteClientDeps;

  constructor(deps: RemoteClientDeps) {
    this.#deps = deps;
  }

  async begin(request: BeginRequest): Promise<void> {
    await this.#order('begin', request);
  }

  async registerBranch(request: RegisterBranchRequest): Promise<void> {
    await this.#order('registerBranch', request);
  }

  async abandonBranch(request: AbandonBranchRequest): Promise<void> {
    await this.#order('abandonBranch', request);
  }

  async setRollbackOnly(request: SetRollbackOnlyRequest): Promise<void> {
    await this.#order('setRollbackOnly', request);
  }

  commit(request: EndRequest): Promise<GlobalSummary> {
    return this.#ask('commit', request, request.waitMs);
  }

  rollback(request: EndRequest): Promise<GlobalSummary> {
    return this.#ask('rollback', request, request.waitMs);
  }

  status(request: StatusRequest): Promise<GlobalSummary> {
    return this.#ask('status', request, 0);
  }

  awaitRelease(request: AwaitReleaseRequest): Promise<ReleaseSummary> {
    return this.#ask('awaitRelease', request, request.timeoutMs);
  }

  /** What a person does about phase two; a client of the product has no such call. */
  operate(request: OperateRequest): Promise<GlobalSummary> {
    return this.#ask('operate', request, 0);
  }

  attach(_handler: BranchHandler): Promise<Detach> {
    return Promise.reject(new Error('Participants are known to the coordinators from the start.'));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #order(method: string, request: object): Promise<void> {
    const answer = await this.#call(method, request);
    if (answer !== undefined) throw nonsense();
  }

  async #ask(method: string, request: { xid: string }, waitMs: number): Promise<GlobalSummary> {
    const answer = await this.#call(method, request, waitMs);
    if (!isSummary(answer, request.xid)) throw nonsense();
    this.#deps.witness.heard(answer);
    return answer;
  }

  #call(method: string, payload: object, waitMs = 0): Promise<unknown> {
    const { life, network, rng, coordinators } = this.#deps;
    const to = rng.pick(coordinators);
    return network.call(life, { to, method, payload, timeoutMs: TIMEOUT_MS + waitMs });
  }
}

/** What does not make sense tells nothing about what was done. */
function nonsense(): RemoteCallError {
  return new RemoteCallError(LOST_ANSWER, 'nonsense came');
}

function isSummary(answer: unknown, xid: string): answer is GlobalSummary {
  return (answer as GlobalSummary | undefined)?.xid === xid;
}
