import type { Rng } from '../simulation/kernel/rng.js';

/** Makes a value at random, as its text. */
export type Make = (rng: Rng) => string;

const TEXTS = [
  ...['', ' ', 'a', 'A', "O'Neil", '"quoted"', 'back\\slash', 'a,b;c', '{}', 'NULL', 'null'],
  ...['ünïcödé', '🙂 emoji', 'line\nbreak', 'tab\there', '日本語', '%_', '$1', '--', '0', 'true'],
];

export const word: Make = (rng) => {
  if (rng.chance(0.3)) return rng.pick(TEXTS);
  return rng.hex(rng.chance(0.05) ? rng.whole(50, 900) : 1);
};

export const digits = (rng: Rng, count: number): string =>
  Array.from({ length: count }, () => rng.below(10)).join('');

export const integer =
  (max: string): Make =>
  (rng) => {
    if (rng.chance(0.03)) return rng.pick([max, `-${max}`]);
    if (rng.chance(0.4)) return String(rng.whole(0, 20));
    return String(rng.whole(-100, 30_000));
  };

export const pad = (value: number, size = 2): string => String(value).padStart(size, '0');

export const time: Make = (rng) =>
  `${pad(rng.below(24))}:${pad(rng.below(60))}:${pad(rng.below(60))}.${digits(rng, 6)}`;

export const bits = (rng: Rng, count: number): string =>
  Array.from({ length: count }, () => rng.below(2)).join('');

export const jsonOf = (rng: Rng, depth = 0): unknown => {
  const leaf = [null, true, 1, 1.5, -1e21, word(rng), 'x'];
  if (depth > 2 || rng.chance(0.4)) return rng.pick(leaf);
  const parts = Array.from({ length: rng.below(4) }, () => jsonOf(rng, depth + 1));
  return rng.chance(0.5) ? parts : Object.fromEntries(parts.map((part) => [rng.hex(1), part]));
};

export const address: Make = (rng) =>
  rng.pick([`10.${String(rng.below(256))}.0.${String(rng.below(256))}`, '::1', '2001:db8::ff']);

export const uuid: Make = (rng) =>
  rng.hex(4).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** From 1990 to 2040. */
export const day: Make = (rng) =>
  `${String(rng.whole(1990, 2040))}-${pad(rng.whole(1, 12))}-${pad(rng.whole(1, 28))}`;
