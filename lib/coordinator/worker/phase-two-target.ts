import type { BranchTarget, BranchType } from '../../protocol/index.js';
import type { Direction } from '../participants/index.js';
import type { LiveSession } from './live-session.js';

/** One branch on its way through phase two. */
export interface PhaseTwoTarget {
  readonly live: LiveSession;
  readonly resourceId: string;
  readonly type: BranchType;
  /** Where its phase one was done. */
  readonly applicationId: string;
  readonly instanceId: string | undefined;
  readonly direction: Direction;
  /** As its resource is told. */
  readonly branch: BranchTarget;
  /**
   * `waiting` for the branches before it, `queued` for its resource, `calling` while its resource
   * is busy with it, `settled` when it has been answered for good, `dropped` when it is not this
   * node's any more. The record may still be on its way: this runs ahead of what is durable, since
   * a repeated call does no harm, and a wait for the disk between two branches of a rollback would.
   */
  state: 'waiting' | 'queued' | 'calling' | 'settled' | 'dropped';
  /** Calls that failed since the last order of a person. */
  failedCount: number;
  /** Monotonic time before which it is not called. */
  notBeforeMs: number;
}
