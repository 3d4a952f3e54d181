/** How a node is set up. */
export interface NodeSettings {
  readonly node: string;
  readonly lib: string;
  readonly coordinatorUrl: string;
  readonly businessUrl: string;
  readonly port: number;
  readonly peerPort: number;
  readonly journalFile: string;
  /** Transactions at a time. */
  readonly concurrency: number;
}

/** What a node is told: to run its load, to begin nothing more, and to end. */
export type NodeOrder = 'work' | 'rest' | 'stop';

/** What a node tells. */
export type NodeMessage = 'ready' | 'resting';
