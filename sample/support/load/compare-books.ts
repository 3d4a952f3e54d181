import type { Told } from './send-all.js';

/** What stands in the tables, by name of the table: a line of text for each row. */
export type Lines<Table extends string> = Readonly<Record<Table, readonly string[]>>;

/**
 * What must have been done. Where the answer was lost it may have been or not, as the books say.
 *
 * @param isFound whether anything of the request stands in the books
 */
export const doneOf = <T>(
  told: readonly Told<T>[],
  isFound: (request: T) => boolean,
): readonly T[] =>
  told
    .filter(({ outcome, request }) =>
      outcome === 'unknown' ? isFound(request) : outcome === 'committed',
    )
    .map(({ request }) => request);

/** @returns a sentence for each difference; none when the books agree */
export function compareBooks<Table extends string>(
  expected: Lines<Table>,
  found: Lines<NoInfer<Table>>,
): readonly string[] {
  const tables = Object.keys(expected) as Table[];
  return tables.flatMap((table) => differences(table, expected[table], found[table]));
}

function differences(
  table: string,
  expected: readonly string[],
  found: readonly string[],
): readonly string[] {
  const [wanted, there] = [new Set(expected), new Set(found)];
  return [
    ...expected.filter((row) => !there.has(row)).map((row) => `In ${table} "${row}" is missing.`),
    ...found.filter((row) => !wanted.has(row)).map((row) => `In ${table} "${row}" is too much.`),
  ];
}

/** Sums by name. */
export function sumsOf(pairs: readonly (readonly [string, number])[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [name, amount] of pairs) sums.set(name, (sums.get(name) ?? 0) + amount);
  return sums;
}
