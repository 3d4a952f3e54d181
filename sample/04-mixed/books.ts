import type { Told } from '../support/load/send-all.js';
import { sumsOf } from './make-orders.js';
import type { PlaceOrder } from './place-order.js';

/** What stands in the three databases: a line of text for each row. */
export interface Ledger {
  readonly orders: readonly string[];
  readonly charges: readonly string[];
  readonly purses: readonly string[];
  readonly movements: readonly string[];
  readonly shelves: readonly string[];
}

/** What must be true at the end. */
export interface Expectation {
  /** What callers were told decides what has to stand in the tables. */
  readonly told: readonly Told<PlaceOrder>[];
  readonly units: ReadonlyMap<string, number>;
  readonly cents: ReadonlyMap<string, number>;
}

/**
 * Where the answer was lost, the order may be there or not, but then everywhere.
 *
 * @returns a sentence for each difference; none when the books agree
 */
export function checkBooks(ledger: Ledger, { told, units, cents }: Expectation): readonly string[] {
  const found = new Set(ledger.orders.map((row) => row.split(' ')[0]));
  const placed = told
    .filter(({ outcome, request }) =>
      outcome === 'unknown' ? found.has(request.order) : outcome === 'committed',
    )
    .map(({ request }) => request);
  const taken = sumsOf(placed.map(({ product, quantity }) => [product, quantity]));
  const paid = sumsOf(placed.map(({ customer, amountCents }) => [customer, amountCents]));
  const expected: Ledger = {
    orders: placed.map((o) =>
      [o.order, o.customer, o.product, o.quantity, o.amountCents].join(' '),
    ),
    charges: placed.map((o) => [o.order, o.customer, o.amountCents].join(' ')),
    purses: [...cents].map(([name, sum]) => `${name} ${sum - (paid.get(name) ?? 0)} 0`),
    movements: placed.map((o) => [o.order, o.product, o.quantity].join(' ')),
    shelves: [...units].map(([name, sum]) => `${name} ${sum - (taken.get(name) ?? 0)}`),
  };
  const tables = Object.keys(expected) as (keyof Ledger)[];
  return tables.flatMap((table) => differences(table, expected[table], ledger[table]));
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
