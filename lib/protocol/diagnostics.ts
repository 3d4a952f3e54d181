import { channel } from 'node:diagnostics_channel';

/** A global transaction or a branch has changed its state. */
export interface StateChange {
  readonly namespace: string;
  readonly xid: string;
  readonly status: string;
  readonly branchId?: string;
  readonly resourceId?: string;
  readonly error?: string;
}

const globalChannel = channel('dtx:global');
const branchChannel = channel('dtx:branch');

/** Tells whoever subscribed to the diagnostics channel `dtx:global`. */
export function publishGlobal(change: StateChange): void {
  if (globalChannel.hasSubscribers) globalChannel.publish(change);
}

/** Tells whoever subscribed to the diagnostics channel `dtx:branch`. */
export function publishBranch(change: StateChange): void {
  if (branchChannel.hasSubscribers) branchChannel.publish(change);
}
