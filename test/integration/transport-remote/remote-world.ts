import type { BranchHandler, CoordinatorClient } from '../../../lib/protocol/index.js';
import type { RemoteOptions } from '../../../lib/transport/index.js';
import { connectRemote } from '../../../lib/transport/index.js';
import type { ScriptedNodeOptions } from './scripted-node.js';
import { ScriptedNode } from './scripted-node.js';

/** What a test opens; all of it is closed behind it. */
export class RemoteWorld {
  readonly logged: string[] = [];
  readonly #closers: (() => Promise<void> | void)[] = [];

  async node(options?: ScriptedNodeOptions): Promise<ScriptedNode> {
    const node = await ScriptedNode.start(options);
    this.#closers.push(() => {
      node.stop();
    });
    return node;
  }

  async connect(
    options: Partial<RemoteOptions> & Pick<RemoteOptions, 'urls'>,
  ): Promise<CoordinatorClient> {
    const write =
      (level: string) =>
      (message: string): void =>
        void this.logged.push(`${level} ${message}`);
    const client = await connectRemote({
      applicationId: 'shop',
      callTimeoutMs: 3_000,
      connectTimeoutMs: 3_000,
      log: {
        info: write('info'),
        warn: write('warn'),
        error: write('error'),
        debug: write('debug'),
      },
      ...options,
    });
    this.#closers.push(() => client.close());
    return client;
  }

  onClose(closer: () => Promise<void> | void): void {
    this.#closers.push(closer);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
    this.logged.length = 0;
  }
}

/** A resource that finishes everything, unless the test says otherwise. */
export function handlerOf(
  resourceId: string,
  overrides: Partial<BranchHandler> = {},
): BranchHandler {
  const finish: BranchHandler['commitBranches'] = async (targets) =>
    targets.map(() => ({ kind: 'done' }));
  return { resourceId, type: 'AT', commitBranches: finish, rollbackBranches: finish, ...overrides };
}

export function branch(
  xid: string,
  branchId = '1',
): Parameters<CoordinatorClient['registerBranch']>[0] {
  return { xid, branchId, type: 'AT', resourceId: 'orders', applicationId: 'shop' };
}

export function beginning(xid: string): Parameters<CoordinatorClient['begin']>[0] {
  return { xid, name: 'Shop.order', applicationId: 'shop', timeoutMs: 60_000, mayWait: true };
}
