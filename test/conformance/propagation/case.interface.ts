import type { Way } from './carrier.interface.js';
import type { World } from './world.js';

/** One thing that a carrier of the xid has to do. */
export interface ConformanceCase {
  readonly name: string;
  /** What the carrier has to have for it. */
  readonly needs: readonly Way[];
  /** @throws AssertionError */
  run(world: World): Promise<void>;
}
