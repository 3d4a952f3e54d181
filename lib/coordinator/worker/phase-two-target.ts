import type { BranchTarget } from '../../protocol/index.js';
import type { Direction } from '../participants/index.js';
import type { LiveSession } from './live-session.js';

/** One branch on its way through phase two. */
export interface PhaseTwoTarget {
  readonly live: LiveSession;
  readonly resourceId: string;
  readonly direction: Direction;
  /** As its resource is told. */
  readonly branch: BranchTarget;
  /**
   * `waiting` for its turn, `calling` while its resource is busy with it, `settled` when it has
   * been answered for good. The record may still be on its way: this runs ahead of what is durable,
   * since a repeated call does no harm, and a wait for the disk between two branches of a rollback
   * would.
   */
  state: 'waiting' | 'calling' | 'settled';
  /** Calls of this process that failed. */
  failedCount: number;
  /** Monotonic time before which it is not called again. */
  notBeforeMs: number;
}
