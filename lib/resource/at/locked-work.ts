import { GUARDED } from './at-engine.interface.js';
import type { LocalWork } from './local-work.js';

/** A local transaction under the global lock: it is its own decision, and nobody else's. */
export class LockedWork implements LocalWork {
  readonly mark = GUARDED;
  readonly xid = undefined;
  readonly tag = undefined;
  readonly lockWaitTimeoutMs: number | undefined;

  /** @param lock what says how long its statements wait */
  constructor(lock: { readonly lockWaitTimeoutMs: number | undefined }) {
    this.lockWaitTimeoutMs = lock.lockWaitTimeoutMs;
  }

  assertActive(): void {
    // The lock is around its method for as long as that runs.
  }

  register(): void {
    // There is nothing to finish later.
  }

  beforeCommit(): Promise<void> {
    return Promise.resolve();
  }

  committed(): void {
    // Nobody waits for it.
  }

  rolledBack(): void {
    // Nobody waits for it.
  }

  /** Without a fence nobody can say, exactly as with the driver alone: its error is the answer. */
  // eslint-disable-next-line @typescript-eslint/require-await -- it has nothing to wait for
  async commitLost(cause: unknown): Promise<void> {
    throw cause;
  }
}
