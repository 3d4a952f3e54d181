import type {
  BranchHandler,
  BranchOutcome,
  BranchTarget,
  CoordinatorClient,
} from '../../../lib/protocol/index.js';
import { connectRemote } from '../../../lib/transport/index.js';
import type { RunJournal } from './run-journal.js';

/** One client side: a process of an application, as far as the coordinator can see. */
export interface Service {
  readonly name: string;
  readonly client: CoordinatorClient;
  /** Whether it can call all nodes now, by what it has logged last about each. */
  readonly isConnected: boolean;
}

export interface ServiceSettings {
  readonly name: string;
  readonly applicationId: string;
  /** Where it looks for the nodes. */
  readonly addresses: readonly string[];
}

export async function connectService(settings: ServiceSettings): Promise<Service> {
  const { addresses, applicationId, name } = settings;
  const logged: string[] = [];
  const note = (message: string): void => void logged.push(message);
  const client = await connectRemote({
    urls: addresses.map((address) => `dtx://${address}`),
    applicationId,
    instanceId: name,
    log: { info: note, warn: note, error: note, debug: note },
  });
  return {
    name,
    client,
    get isConnected() {
      return addresses
        .map((address) => logged.findLast((line) => line.includes(address)))
        .every((line) => line?.startsWith('Connected') === true);
    },
  };
}

/** A resource at one instance, whose effects are lines of the journal. */
export class JournalResource implements BranchHandler {
  readonly resourceId = 'orders';
  readonly type = 'AT';
  /** What calls have come for that are held. */
  readonly held: BranchTarget[] = [];
  readonly #instance: string;
  readonly #journal: RunJournal;
  #commitsHeld: Promise<void> | undefined;
  #onRelease: () => void = () => undefined;

  constructor(instance: string, journal: RunJournal) {
    this.#instance = instance;
    this.#journal = journal;
  }

  /** From now on commits wait until release(). */
  holdCommits(): void {
    this.#commitsHeld = new Promise((resolve) => {
      this.#onRelease = resolve;
    });
  }

  release(): void {
    this.#commitsHeld = undefined;
    this.#onRelease();
  }

  async commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    if (this.#commitsHeld !== undefined) this.held.push(...targets);
    await this.#commitsHeld;
    return this.#finish('commit', targets);
  }

  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return Promise.resolve(this.#finish('rollback', targets));
  }

  #finish(
    direction: 'commit' | 'rollback',
    targets: readonly BranchTarget[],
  ): readonly BranchOutcome[] {
    for (const target of targets) this.#journal.finished(this.#instance, direction, target);
    return targets.map(() => ({ kind: 'done' }));
  }
}
