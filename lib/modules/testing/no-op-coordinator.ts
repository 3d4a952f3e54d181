import type { CoordinatorClient, Detach, GlobalSummary } from '../../protocol/index.js';

/** Agrees to everything and remembers nothing. */
export class NoOpCoordinator implements CoordinatorClient {
  begin(): Promise<void> {
    return Promise.resolve();
  }

  registerBranch(): Promise<void> {
    return Promise.resolve();
  }

  abandonBranch(): Promise<void> {
    return Promise.resolve();
  }

  setRollbackOnly(): Promise<void> {
    return Promise.resolve();
  }

  commit({ xid }: { readonly xid: string }): Promise<GlobalSummary> {
    return Promise.resolve({ xid, status: 'committed', branches: [] });
  }

  rollback({ xid }: { readonly xid: string }): Promise<GlobalSummary> {
    return Promise.resolve({ xid, status: 'rolled-back', reason: 'requested', branches: [] });
  }

  status({ xid }: { readonly xid: string }): Promise<GlobalSummary> {
    return Promise.resolve({ xid, status: 'absent', branches: [] });
  }

  awaitRelease(request: { readonly xid: string }): Promise<GlobalSummary> {
    return this.status(request);
  }

  attach(): Promise<Detach> {
    return Promise.resolve(() => Promise.resolve());
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
