import { currentTransaction } from '../../transaction/index.js';
import type { TransactionManager } from '../../transaction/index.js';
import type { XidMode, XidModes } from '../messaging-options.js';
import type { MessageXid } from './message-xid.js';

/** What one application has said of its messages. */
interface MessagePolicy extends XidModes {
  /** Modes of clients that it has named. */
  readonly clients: WeakMap<object, XidModes>;
}

/** What the process shares, whichever copy of the package came first. */
interface PolicyState {
  readonly byManager: WeakMap<TransactionManager, MessagePolicy>;
  /** What propagateXid() has said. */
  readonly byClient: WeakMap<object, XidModes>;
}

const DTX_MESSAGE_POLICIES = Symbol.for('dtx:message-policies');

const slot = globalThis as unknown as Record<symbol, PolicyState | undefined>;

const state = (slot[DTX_MESSAGE_POLICIES] ??= {
  byManager: new WeakMap(),
  byClient: new WeakMap(),
});

const DEFAULTS = { send: 'join', emit: 'link' } as const;

export function setMessagePolicy(manager: TransactionManager, modes: XidModes): void {
  state.byManager.set(manager, { ...modes, clients: new WeakMap() });
}

/** What the options of an application say of one of its clients. */
export function setNamedModes(manager: TransactionManager, client: object, modes: XidModes): void {
  state.byManager.get(manager)?.clients.set(client, modes);
}

export function setClientModes(client: object, modes: XidModes): void {
  state.byClient.set(client, modes);
}

/**
 * What a message that is sent now says of the transaction around it: nothing, when there is none or
 * it has ended. What code says of the client wins over options.
 *
 * @param mode wins over everything
 */
export function outgoingXid(
  way: keyof XidModes,
  client: object | undefined,
  mode?: XidMode,
): MessageXid | undefined {
  const transaction = currentTransaction();
  if (transaction?.isActive !== true) return undefined;
  const policy = state.byManager.get(transaction.manager);
  const chosen =
    mode ??
    (client && (state.byClient.get(client)?.[way] ?? policy?.clients.get(client)?.[way])) ??
    policy?.[way] ??
    DEFAULTS[way];
  return chosen === 'none' ? undefined : { mode: chosen, xid: transaction.xid };
}
