type Change = (bytes: Buffer) => Buffer;

/** Random numbers that can be had again: mulberry32, by Tommy Ettinger. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  }

  isOneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  bytes(lengthMax: number): Buffer {
    return Buffer.from(Buffer.alloc(this.below(lengthMax)).map(() => this.below(256)));
  }

  /** One to four changes away from the bytes. */
  mutated(bytes: Uint8Array): Buffer {
    let changed = Buffer.from(bytes);
    for (let count = 1 + this.below(4); count > 0; count -= 1) {
      changed = Buffer.from(this.of(this.#changes)(changed));
    }
    return changed;
  }

  readonly #changes: readonly Change[] = [
    // A byte is another one, a tag perhaps.
    (bytes) => this.#with(bytes, (bytes[0] ?? 0) ^ (1 << this.below(8))),
    (bytes) => this.#with(bytes, this.below(256)),
    // A length, a tag or a number that is as large as can be.
    (bytes) => this.#with(bytes, 0xff),
    (bytes) => this.#with(bytes, 0x80),
    (bytes) => bytes.subarray(0, this.below(bytes.length + 1)),
    (bytes) => bytes.subarray(this.below(bytes.length + 1)),
    (bytes) => Buffer.concat([bytes, this.bytes(20)]),
    (bytes) => Buffer.concat([bytes, bytes]),
    (bytes) => {
      const at = this.below(bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, at), this.bytes(8), bytes.subarray(at)]);
    },
  ];

  #with(bytes: Buffer, byte: number): Buffer {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) changed[this.below(changed.length)] = byte;
    return changed;
  }
}
