import type { ClientBodies, WireRefusal, WireSummary } from '../../protocol/wire/index.js';

/** What a client may ask for. */
export type Operation = Exclude<
  keyof ClientBodies,
  'outcomes' | 'ping' | 'pong' | 'hello' | 'goodbye' | 'refusal'
>;

/** A request on its way through a connection. In the end it is answered, refused, failed
 * or released there. */
export interface OutgoingCall {
  readonly operation: Operation;
  readonly body: ClientBodies[Operation];
  /** It may wait for something that another call brings about. */
  readonly isLongWait: boolean;
  /** Nobody waits any more. */
  readonly isSettled: boolean;
  /** A node gets it now, and may do it from now on. */
  sent(): void;
  answered(summary: WireSummary | undefined): void;
  refused(refusal: WireRefusal): void;
  /** It cannot travel at all. */
  failed(error: unknown): void;
  /** The connection will not answer it. */
  released(): void;
}

/** A node that refuses with this code stops, and has done nothing. */
export const NODE_CLOSED = 'DTX_ERR_TC_CLOSED';
