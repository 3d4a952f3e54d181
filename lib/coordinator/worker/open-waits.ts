import type { HoldersOf } from '../core/index.js';
import type { OpenWait } from './open-wait.js';

/** The calls that wait at this node, the oldest first, and who waits for whom by them. */
export class OpenWaits {
  readonly #waits = new Set<OpenWait>();
  /** By namespace and waiter; several calls may wait for the same holder. */
  readonly #holders = new Map<string, Map<string, number>>();

  get size(): number {
    return this.#waits.size;
  }

  has(wait: OpenWait): boolean {
    return this.#waits.has(wait);
  }

  all(): Iterable<OpenWait> {
    return this.#waits;
  }

  add(wait: OpenWait): void {
    this.#waits.add(wait);
    const key = keyOf(wait.namespace, wait.waiterXid);
    const holders = this.#holders.get(key) ?? new Map<string, number>();
    this.#holders.set(key, holders);
    holders.set(wait.holderXid, (holders.get(wait.holderXid) ?? 0) + 1);
  }

  remove(wait: OpenWait): void {
    if (!this.#waits.delete(wait)) return;
    const key = keyOf(wait.namespace, wait.waiterXid);
    const holders = this.#holders.get(key);
    const count = holders?.get(wait.holderXid) ?? 0;
    if (count > 1) holders?.set(wait.holderXid, count - 1);
    else holders?.delete(wait.holderXid);
    if (holders?.size === 0) this.#holders.delete(key);
  }

  /** For whom those of a namespace wait at this node. */
  holdersIn(namespace: string): HoldersOf {
    return (waiterXid) => this.#holders.get(keyOf(namespace, waiterXid))?.keys() ?? [];
  }
}

/** No xid has a space in it. */
export const keyOf = (namespace: string, xid: string): string => `${xid} ${namespace}`;
