import type { Rng } from '../../simulation/kernel/rng.js';
import type { Make } from '../random-values.js';
import { day, integer, time, word } from '../random-values.js';

/** Which values a column likes best. */
export type Affinity = 'integer' | 'real' | 'numeric' | 'text' | 'blob';

/** As SQLite finds it, from the declared type. */
export function affinityOf(type: string): Affinity {
  if (/int/i.test(type)) return 'integer';
  if (/char|clob|text/i.test(type)) return 'text';
  if (type === '' || /blob/i.test(type)) return 'blob';
  return /real|floa|doub/i.test(type) ? 'real' : 'numeric';
}

export const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const whole = integer('9223372036854775807');
const float: Make = (rng) =>
  rng.chance(0.3)
    ? rng.pick(['0.0', '-0.0', '1e300', '9e999', '-9e999', '0.1', '5e-324', '2.0'])
    : String(rng.between(-1000, 1000));
const text: Make = (rng) => {
  if (rng.chance(0.2)) return quote(`${day(rng)} ${time(rng)}`);
  return quote(rng.chance(0.2) ? rng.pick(['1', '1.0', 'a ', 'ä', 'Ä', '007']) : word(rng));
};
const blob: Make = (rng) => `x'${rng.pick(['', '00', '00ff', '61', rng.hex(2)])}'`;

const MAKERS: Readonly<Record<Affinity, Make>> = {
  integer: whole,
  real: float,
  numeric: (rng) => rng.pick([whole, float])(rng),
  text,
  blob: (rng) => rng.pick([whole, float, text, blob])(rng),
};

/** Every type can stand in every column, unless the table is STRICT. */
export function randomValue(affinity: Affinity, isStrict: boolean, rng: Rng): string {
  const isOther = !isStrict && rng.chance(0.15);
  return isOther ? rng.pick([whole, float, text, blob])(rng) : MAKERS[affinity](rng);
}
