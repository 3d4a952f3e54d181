import { setTimeout as sleep } from 'node:timers/promises';

import type { NodeProcess } from './node-process.js';

/** What was done to the nodes. */
export interface FaultCount {
  kills: number;
  freezes: number;
}

/** The load between two faults. */
const WELL_MS = { min: 1_000, max: 2_500 };
/** Some are back before their leases lapse, most are not. */
const DOWN_MS = { min: 500, max: 4_000 };
/** Longer than the leases of a node, which are 2 s. */
const FROZEN_MS = { min: 2_500, max: 4_500 };

/**
 * Kills one node and freezes another in turn until the time is up: each node meets both. At the end
 * all of them run.
 */
export async function runFaults(
  nodes: readonly NodeProcess[],
  seconds: number,
  progress: (text: string) => void,
): Promise<FaultCount> {
  const count = { kills: 0, freezes: 0 };
  const endMs = performance.now() + seconds * 1_000;
  for (let turn = 0; performance.now() < endMs; turn += 1) {
    await sleep(between(WELL_MS));
    // a is killed, b is frozen, b is killed, a is frozen.
    const node = nodes[(turn >> 1) % 2 === turn % 2 ? 0 : 1];
    if (node === undefined) return count;
    progress(`${turn % 2 === 0 ? 'killing' : 'freezing'} node ${node.name}`);
    if (turn % 2 === 0) {
      await node.kill();
      await sleep(between(DOWN_MS));
      await node.start();
      count.kills += 1;
    } else {
      node.freeze();
      await sleep(between(FROZEN_MS));
      node.thaw();
      count.freezes += 1;
    }
  }
  return count;
}

function between({ max, min }: { readonly min: number; readonly max: number }): number {
  return min + Math.random() * (max - min);
}
