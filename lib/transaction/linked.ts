import { AsyncLocalStorage } from 'node:async_hooks';

import { DTX_LINKED } from '../protocol/index.js';

type Store = string | undefined;

// On globalThis, so that two copies of the package in one process see the same link.
const slot = globalThis as unknown as Record<symbol, AsyncLocalStorage<Store> | undefined>;
const storage = (slot[DTX_LINKED] ??= new AsyncLocalStorage<Store>());

/**
 * The xid of the global transaction that the message being handled came out of, where the handler
 * is not a part of it: an event may be handled after the transaction has ended. It is for logs and
 * traces; nothing can be joined by it.
 *
 * @example
 * ```ts
 * import { linkedXid } from 'nestjs-dtx';
 *
 * export const onOrderPlaced = (): void => {
 *   console.log(`mail for an order of ${linkedXid() ?? 'no global transaction'}`);
 * };
 * ```
 *
 * @publicApi
 */
export function linkedXid(): string | undefined {
  return storage.getStore();
}

/** Runs the body with this link (or none) around it. It does not await. */
export function runLinked<T>(xid: string | undefined, body: () => T): T {
  return storage.run(xid, body);
}
