import { compareBooks, doneOf, type Lines, sumsOf } from '../support/load/compare-books.js';
import type { Told } from '../support/load/send-all.js';
import type { PlaceOrder } from './place-order.js';

/** What stands in the three databases. */
export type Ledger = Lines<'orders' | 'charges' | 'purses' | 'movements' | 'shelves'>;

/** What must be true at the end. */
export interface Expectation {
  /** What callers were told decides what has to stand in the tables. */
  readonly told: readonly Told<PlaceOrder>[];
  readonly units: ReadonlyMap<string, number>;
  readonly cents: ReadonlyMap<string, number>;
}

/** @returns a sentence for each difference; none when the books agree */
export function checkBooks(ledger: Ledger, { told, units, cents }: Expectation): readonly string[] {
  const found = new Set(ledger.orders.map((row) => row.split(' ')[0]));
  const placed = doneOf(told, ({ order }) => found.has(order));
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
  return compareBooks(expected, ledger);
}
