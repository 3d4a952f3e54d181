import type { TransactionManager } from '../transaction/index.js';
import type { HttpPropagationOptions } from './http-propagation-options.js';
import { wrapNodeHttp } from './outgoing-node-http.js';
import { OutgoingPolicies } from './outgoing-policies.js';
import { subscribeUndici } from './outgoing-undici.js';
import { targetPolicy } from './target-rules.js';

/** What the process shares, whichever copy of the package wrapped first. */
interface OutgoingState {
  readonly policies: OutgoingPolicies;
  userCount: number;
  uninstall: () => void;
}

const DTX_OUTGOING_HTTP = Symbol.for('dtx:outgoing-http');

const slot = globalThis as unknown as Record<symbol, OutgoingState | undefined>;

/**
 * Lets the HTTP requests that are made inside this manager's transactions carry their xid. The
 * process is changed once, however many applications live in it; each has its own rules.
 *
 * @param options must have passed validateHttpPropagation
 * @returns takes the rules back, and with the last one the change to the process; safe to repeat
 */
export function installOutgoingHttp(
  manager: TransactionManager,
  options: HttpPropagationOptions,
): () => void {
  const state = (slot[DTX_OUTGOING_HTTP] ??= createState());
  state.policies.set(manager, policyOf(manager, options));
  if (state.userCount === 0) state.uninstall = install(state.policies);
  state.userCount += 1;
  let isReleased = false;
  return () => {
    if (isReleased) return;
    isReleased = true;
    state.policies.delete(manager);
    state.userCount -= 1;
    if (state.userCount === 0) state.uninstall();
  };
}

function createState(): OutgoingState {
  return { policies: new OutgoingPolicies(), userCount: 0, uninstall: () => undefined };
}

function install(policies: OutgoingPolicies): () => void {
  const undoes = [wrapNodeHttp(policies), subscribeUndici(policies)];
  return () => {
    for (const undo of undoes) undo();
  };
}

function policyOf(manager: TransactionManager, options: HttpPropagationOptions) {
  if (options.outgoing === false) return () => false;
  return targetPolicy(options, (host, port) => {
    manager.log.debug(
      `The xid is not sent to ${host}:${String(port)}, which is not a private host or is denied. ` +
        `If a service there takes part in global transactions, add it to http.allow.`,
    );
  });
}
