/** Spreads a small seed over the state; the constants are those of splitmix32 (public domain). */
function* spread(seed: number): Generator<number, never> {
  let state = seed | 0;
  for (;;) {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    yield mixed ^ (mixed >>> 15);
  }
}

const WARM_UP_ROUNDS = 12;
const TWO_TO_32 = 2 ** 32;

/**
 * Random numbers that a seed repeats exactly, on every machine: the generator sfc32. Nothing in a
 * simulation draws from anywhere else.
 */
export class Rng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    const words = spread(seed);
    this.#a = words.next().value;
    this.#b = words.next().value;
    this.#c = words.next().value;
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) this.u32();
  }

  /** 0 to 2^32 - 1. */
  u32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** At least 0, below 1. */
  fraction(): number {
    return this.u32() / TWO_TO_32;
  }

  /** A whole number, at least 0, below `bound`. */
  below(bound: number): number {
    return Math.floor(this.fraction() * bound);
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** Any number from `min` up to `max`. */
  between(min: number, max: number): number {
    return min + this.fraction() * (max - min);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.fraction() < probability;
  }

  /** @throws RangeError when there is nothing to pick */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('There is nothing to pick from.');
    return item;
  }

  /** Hexadecimal digits, eight for each word. */
  hex(words: number): string {
    let digits = '';
    for (let word = 0; word < words; word += 1) digits += this.u32().toString(16).padStart(8, '0');
    return digits;
  }
}
