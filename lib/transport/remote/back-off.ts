import type { Ids } from '../../protocol/index.js';

interface Bounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Digits of an id that are taken as a random fraction. */
const FRACTION_DIGITS = 4;

/**
 * Pause before try number `failures + 1`: doubling, capped, and spread over its upper half, so that
 * clients that were cut off together do not come back together.
 */
export function backOffMs(failures: number, { minMs, maxMs }: Bounds, ids: Ids): number {
  const fullMs = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30));
  const fraction = Number(ids.newBranchId().slice(-FRACTION_DIGITS)) / 10 ** FRACTION_DIGITS;
  return Math.round(fullMs * (0.5 + fraction / 2));
}
