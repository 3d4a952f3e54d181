import type { GlobalTransaction, TransactionManager } from '../transaction/index.js';
import type { Hop } from './redirects.js';
import { targetPolicy } from './target-rules.js';
import type { TargetPolicy } from './target-rules.js';

/** One party that a request's headers reach. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** For transactions of a manager that has no rules of its own. */
const defaultPolicy = targetPolicy({});

/** Which hosts learn the xids of which application: several Nest apps may share the process. */
export class OutgoingPolicies {
  readonly #policies = new WeakMap<TransactionManager, TargetPolicy>();

  set(manager: TransactionManager, policy: TargetPolicy): void {
    this.#policies.set(manager, policy);
  }

  delete(manager: TransactionManager): void {
    this.#policies.delete(manager);
  }

  /** Whether a request that this hop stands for may carry the xid to all of these. */
  allow(transaction: GlobalTransaction, hop: Hop, endpoints: readonly Endpoint[]): boolean {
    if (hop.isStray) {
      const target = hop.url?.host ?? 'another host';
      transaction.manager.log.debug(
        `The xid is not sent to ${target}: a redirect of another server led there.`,
      );
      return false;
    }
    const policy = this.#policies.get(transaction.manager) ?? defaultPolicy;
    return endpoints.every(({ host, port }) => policy(host, port));
  }
}
