import type { Ids } from '../protocol/index.js';

interface Bounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Digits of an id that are taken as a random fraction. */
const FRACTION_DIGITS = 4;

/** More would only overflow: every pause has reached its cap long before. */
const DOUBLINGS_MAX = 30;

/**
 * Pause after failure number `failures`, from 1 on: doubling, capped, and spread over its upper
 * half, so that what failed together does not come back together.
 */
export function backOffMs(failures: number, { minMs, maxMs }: Bounds, ids: Ids): number {
  const fullMs = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
  const fraction = Number(ids.newBranchId().slice(-FRACTION_DIGITS)) / 10 ** FRACTION_DIGITS;
  return Math.round(fullMs * (0.5 + fraction / 2));
}
