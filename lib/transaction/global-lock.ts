import { AsyncLocalStorage } from 'node:async_hooks';

import { DTX_GLOBAL_LOCK_CONTEXT } from '../protocol/index.js';

/**
 * Work that is in no global transaction, but respects the rows that global transactions hold: its
 * writes and locking reads wait for them, or fail.
 *
 * @see Seata `@GlobalLock`
 */
export class GlobalLock {
  /** No transaction, so nothing is its own. */
  readonly xid = undefined;
  /** It does not end before its method does. */
  readonly isActive = true;
  /** What people see: `Class.method`. */
  readonly name: string;
  /** undefined = what the resource says. */
  readonly lockWaitTimeoutMs: number | undefined;

  constructor(name: string, lockWaitTimeoutMs: number | undefined) {
    this.name = name;
    this.lockWaitTimeoutMs = lockWaitTimeoutMs;
  }
}

// On globalThis, so that two copies of the package in one process see the same.
const slot = globalThis as unknown as Record<
  symbol,
  AsyncLocalStorage<GlobalLock | undefined> | undefined
>;
const storage = (slot[DTX_GLOBAL_LOCK_CONTEXT] ??= new AsyncLocalStorage<GlobalLock | undefined>());

/** The global lock around the caller, if there is one. A global transaction goes before it. */
export function currentGlobalLock(): GlobalLock | undefined {
  return storage.getStore();
}

/** Runs the body under the lock (or none). Like runInContext it does not await. */
export function runUnderLock<T>(lock: GlobalLock | undefined, body: () => T): T {
  return storage.run(lock, body);
}
