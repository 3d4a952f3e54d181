import { currentTransaction } from 'nestjs-dtx';

/** Rows of one service, written as branches of the transaction around the caller. */
export interface Ledger {
  /** What a module has to provide, so that DtxModule finds it. */
  readonly source: object;
  write(text: string): Promise<void>;
  rows(): Promise<readonly string[]>;
}

/** What this ledger is given when it is started, as far as it needs it. */
interface Host {
  readonly applicationId: string;
  readonly ids: { newBranchId(): string };
  readonly client: {
    registerBranch(request: object): Promise<void>;
    attach(handler: object): Promise<() => Promise<void>>;
  };
}

interface Target {
  readonly branchId: string;
}

const DTX_RESOURCE = Symbol.for('dtx:resource');

/** A ledger in memory, for where there is no database. It stands behind a real coordinator. */
export class MemoryLedger implements Ledger {
  readonly source: object = this;
  readonly #resourceId: string;
  readonly #rows = new Map<string, string>();
  #host: Host | undefined;
  #detach: (() => Promise<void>) | undefined;

  constructor(resourceId: string) {
    this.#resourceId = resourceId;
  }

  async rows(): Promise<readonly string[]> {
    return [...this.#rows.values()];
  }

  async write(text: string): Promise<void> {
    const host = this.#host;
    if (host === undefined) throw new Error('The ledger was not started');
    const branchId = host.ids.newBranchId();
    const transaction = currentTransaction();
    const leave = transaction?.enter(`Writing ${text}`);
    try {
      const { applicationId } = host;
      const branch = { branchId, type: 'TCC', resourceId: this.#resourceId, applicationId };
      if (transaction !== undefined) {
        await host.client.registerBranch({ xid: transaction.xid, ...branch });
      }
      this.#rows.set(branchId, text);
    } finally {
      leave?.();
    }
  }

  get [DTX_RESOURCE](): object {
    return {
      kind: 'ledger',
      resourceIdFor: () => this.#resourceId,
      start: (host: Host) => this.#start(host),
      stop: async () => this.#detach?.(),
    };
  }

  async #start(host: Host): Promise<object> {
    this.#host = host;
    const done = (targets: readonly Target[]) => targets.map(() => ({ kind: 'done' }));
    this.#detach = await host.client.attach({
      resourceId: this.#resourceId,
      type: 'TCC',
      commitBranches: async (targets: readonly Target[]) => done(targets),
      rollbackBranches: async (targets: readonly Target[]) => {
        for (const { branchId } of targets) this.#rows.delete(branchId);
        return done(targets);
      },
    });
    return { resourceId: this.#resourceId, summary: 'a ledger', warnings: [] };
  }
}
