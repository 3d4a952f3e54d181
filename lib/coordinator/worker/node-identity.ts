import type { Patience, Turn } from '../core/index.js';
import type { Clock } from '../../protocol/index.js';

/** What makes this coordinator one node among others. */
export interface NodeIdentity {
  /** Unique for each start: a node that comes back is another one. */
  readonly owner: string;
  /** Infinity where there is no other node. */
  readonly leaseMs: number;
  readonly patience: Patience;
}

/** The turn of this node, now. */
export function turnOf(node: NodeIdentity, clock: Clock): Turn {
  return { nowMs: clock.now(), ...node };
}
