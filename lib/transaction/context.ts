import { AsyncLocalStorage } from 'node:async_hooks';

import { DTX_CONTEXT } from '../protocol/index.js';
import type { GlobalTransaction } from './global-transaction.js';

type Store = GlobalTransaction | undefined;

// On globalThis, so that two copies of the package in one process see the same transaction.
const slot = globalThis as unknown as Record<symbol, AsyncLocalStorage<Store> | undefined>;
const storage = (slot[DTX_CONTEXT] ??= new AsyncLocalStorage<Store>());

/**
 * The global transaction around the caller, if there is one; it may already have ended.
 *
 * @publicApi
 */
export function currentTransaction(): GlobalTransaction | undefined {
  return storage.getStore();
}

/**
 * The xid of the global transaction around the caller.
 *
 * @example
 * ```ts
 * import { currentXid } from 'nestjs-dtx';
 *
 * console.log(`charging in ${currentXid() ?? 'no global transaction'}`);
 * ```
 *
 * @publicApi
 */
export function currentXid(): string | undefined {
  return storage.getStore()?.xid;
}

/**
 * Runs the body with this transaction (or none) around it. It does not await: a lazy thenable that
 * the body returns would run outside, so callers await inside the body.
 */
export function runInContext<T>(transaction: GlobalTransaction | undefined, body: () => T): T {
  return storage.run(transaction, body);
}
