import type { NativeServerStats } from './traffic.js';

/** A node of the coordinator, as clients of other processes reach it. */
export interface NativeServer {
  /** Where it listens: `host:port`. */
  readonly address: string;
  stats(): NativeServerStats;
  /**
   * Sends the clients elsewhere and waits, for 5 seconds at most, until what they have asked is
   * answered. Those who wait for the end of a transaction are answered when the coordinator is
   * closed, which comes next; close() follows.
   */
  drain(): Promise<void>;
  /** Ends all streams and gives the port back; drains first. Safe to repeat. */
  close(): Promise<void>;
}
