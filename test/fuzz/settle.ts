import { setTimeout as sleep } from 'node:timers/promises';

import type { Part } from './part.js';
import type { Outside } from './world.interface.js';

const LEFT_MS_MAX = 15_000;
const LOOK_EVERY_MS = 10;

/** What is there although everything should have ended. */
export interface Remains {
  readonly left: number;
  readonly open: number;
}

/** Waits until there is no undo row and each transaction has ended, or for long enough. */
export async function settle(outside: Outside, parts: readonly Part[]): Promise<Remains> {
  const startMs = performance.now();
  for (;;) {
    const left = await outside.countUndoRows();
    const open = left > 0 ? 0 : await countOpen(parts);
    if (left + open === 0) return { left, open };
    if (performance.now() - startMs > LEFT_MS_MAX) return { left, open: await countOpen(parts) };
    await sleep(LOOK_EVERY_MS);
  }
}

const ENDED: ReadonlySet<string> = new Set(['committed', 'rolled-back', 'absent']);

async function countOpen(parts: readonly Part[]): Promise<number> {
  let open = 0;
  for (const { transaction } of parts) {
    const summary = await transaction?.status();
    if (summary !== undefined && !ENDED.has(summary.status)) open += 1;
  }
  return open;
}

/** What the coordinator knows about the branches, for whoever looks for the reason. */
export async function branchesOf(parts: readonly Part[]): Promise<string> {
  const lines: string[] = [];
  for (const { transaction } of parts) {
    const summary = await transaction?.status();
    lines.push(...(summary?.branches ?? []).map((branch) => JSON.stringify(branch)));
  }
  return lines.join('\n  ');
}
