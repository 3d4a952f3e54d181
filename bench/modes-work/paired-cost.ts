import { median, round } from '../support/statistics.js';

/** Does something once. @returns the milliseconds of the part that is measured */
export type Timed = () => Promise<number>;

const WARM_UP = 200;
/** Of each kind, one after the other, before it is the other's turn. */
const PER_ROUND = 25;

/**
 * @returns how many times as long `with` takes as `without`, the median of so many rounds; one
 *   after the other, and in turn
 */
export async function pairedCost(
  pair: { readonly with: Timed; readonly without: Timed },
  rounds: number,
): Promise<number> {
  await medianOf(pair.with, WARM_UP);
  await medianOf(pair.without, WARM_UP);
  const ratios: number[] = [];
  for (let index = 0; index < rounds; index += 1) {
    const isEven = index % 2 === 0;
    const first = await medianOf(isEven ? pair.with : pair.without, PER_ROUND);
    const second = await medianOf(isEven ? pair.without : pair.with, PER_ROUND);
    ratios.push(isEven ? first / second : second / first);
  }
  return round(median(ratios), 3);
}

async function medianOf(timed: Timed, times: number): Promise<number> {
  const samples: number[] = [];
  for (let index = 0; index < times; index += 1) samples.push(await timed());
  return median(samples);
}
