import type {
  BranchHandler,
  BranchOutcome,
  BranchTarget,
  BranchType,
} from '../../../lib/protocol/index.js';
import type { Life, Network, SimProcess } from '../kernel/index.js';

const TIMEOUT_MS = 800;

/** Brings phase two from a coordinator to a participant over the network. */
export class RemoteBranchHandler implements BranchHandler {
  readonly type: BranchType = 'AT';
  readonly #life: Life;
  readonly #network: Network;
  readonly #participant: SimProcess;

  constructor(life: Life, network: Network, participant: SimProcess) {
    this.#life = life;
    this.#network = network;
    this.#participant = participant;
  }

  get resourceId(): string {
    return this.#participant.name;
  }

  commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return this.#call('commitBranches', targets);
  }

  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return this.#call('rollbackBranches', targets);
  }

  /** Hands on whatever comes: nonsense is the coordinator's to refuse. */
  async #call(method: string, payload: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    const to = this.#participant;
    const answer = this.#network.call(this.#life, { to, method, payload, timeoutMs: TIMEOUT_MS });
    return (await answer) as readonly BranchOutcome[];
  }
}
