import type { Ids } from '../../../lib/protocol/index.js';
import type { Rng } from './rng.js';

const XID_WORDS = 4;
const BRANCH_ID_WORDS = 2;
const POSITIVE_63_BITS = (1n << 63n) - 1n;

/** Ids that a seed repeats, and nobody else shares. */
export class SimIds implements Ids {
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  newXid(): string {
    return this.#rng.hex(XID_WORDS);
  }

  newBranchId(): string {
    const id = BigInt(`0x${this.#rng.hex(BRANCH_ID_WORDS)}`) & POSITIVE_63_BITS;
    return id === 0n ? '1' : id.toString();
  }
}
