/** One kind of work that is measured against others. */
export interface Variant {
  readonly name: string;
  /** Workers, where it is another number than that of the run. */
  readonly concurrency?: number;
  /** A block ends with so many operations, if its time is not over before. */
  readonly operationsMax?: number;
  /** One operation. */
  run(): Promise<void>;
  /** Waits for what the operations of the block have left behind; inside the measured time. */
  settle?(): Promise<void>;
  /** Clears up; outside the measured time. */
  reset?(): Promise<void>;
}

/** What one block has come to. */
export interface Block {
  readonly operations: number;
  readonly seconds: number;
  /** CPU of this process, microseconds per operation. */
  readonly cpuUs: number;
}

/**
 * Runs a variant in a closed loop of `concurrency` workers, or its own number, for a time, or
 * until it has no more operations.
 */
export async function runBlock(
  variant: Variant,
  concurrency: number,
  milliseconds: number,
): Promise<Block> {
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  const { operationsMax = Infinity } = variant;
  let begun = 0;
  let operations = 0;
  const work = async (): Promise<void> => {
    while (begun < operationsMax && performance.now() - startMs < milliseconds) {
      begun += 1;
      await variant.run();
      operations += 1;
    }
  };
  await Promise.all(Array.from({ length: variant.concurrency ?? concurrency }, work));
  await variant.settle?.();
  const seconds = (performance.now() - startMs) / 1000;
  const { system, user } = process.cpuUsage(cpuBefore);
  await variant.reset?.();
  return { operations, seconds, cpuUs: (system + user) / operations };
}

/** The blocks of all variants, round by round. */
export type Rounds<V extends string> = readonly Readonly<Record<V, Block>>[];

/**
 * Interleaves short blocks of all variants: a change of the machine's load meets them alike.
 * Every other round runs backwards, so that none always profits from its neighbour.
 */
export async function runRounds<V extends string>(
  variants: Readonly<Record<V, Variant>>,
  options: { readonly rounds: number; readonly blockMs: number; readonly concurrency: number },
  onRound: (round: number) => void,
): Promise<Rounds<V>> {
  const names = Object.keys(variants) as V[];
  const rounds: Record<V, Block>[] = [];
  for (let index = 0; index < options.rounds; index += 1) {
    const order = index % 2 === 0 ? names : [...names].reverse();
    const blocks = {} as Record<V, Block>;
    for (const name of order) {
      blocks[name] = await runBlock(variants[name], options.concurrency, options.blockMs);
    }
    rounds.push(blocks);
    onRound(index + 1);
  }
  return rounds;
}
