/**
 * What has passed. A request, its answer, a call of phase two and the answer to that count as one
 * message each, however many transactions it is about.
 */
export interface NativeServerStats {
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly framesReceived: number;
  readonly framesSent: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Clients that are connected now. */
  readonly streams: number;
}

/** Counted by all streams of a server. */
export interface Traffic {
  messagesReceived: number;
  messagesSent: number;
  framesReceived: number;
  framesSent: number;
  bytesReceived: number;
  bytesSent: number;
}

export function noTraffic(): Traffic {
  return {
    messagesReceived: 0,
    messagesSent: 0,
    framesReceived: 0,
    framesSent: 0,
    bytesReceived: 0,
    bytesSent: 0,
  };
}
