import type { OrderLine } from './orders-file.js';

/** What is there before the first order: units by product, cents by customer. */
export interface Openings {
  readonly units: ReadonlyMap<string, number>;
  readonly cents: ReadonlyMap<string, number>;
}

const STOCK_SHARE = 0.85;
const MONEY_SHARE = 0.8;

/**
 * Derives the opening stock and the opening balances from the orders: most of what is asked for, so
 * that shelves and purses become empty before the file ends, whatever file it is. Each single order
 * could be filled if it came first.
 */
export function openingsFor(orders: readonly OrderLine[]): Openings {
  return {
    units: shares(orders, STOCK_SHARE, ({ product, quantity }) => [product, quantity]),
    cents: shares(orders, MONEY_SHARE, ({ customer, amountCents }) => [customer, amountCents]),
  };
}

function shares(
  orders: readonly OrderLine[],
  share: number,
  demandOf: (order: OrderLine) => readonly [key: string, demand: number],
): ReadonlyMap<string, number> {
  const totals = new Map<string, { readonly sum: number; readonly largest: number }>();
  for (const [key, demand] of orders.map(demandOf)) {
    const { sum, largest } = totals.get(key) ?? { sum: 0, largest: 0 };
    totals.set(key, { sum: sum + demand, largest: Math.max(largest, demand) });
  }
  const opening = ([key, { sum, largest }]: [string, { sum: number; largest: number }]) =>
    [key, Math.max(largest, Math.floor(sum * share))] as const;
  return new Map([...totals].map(opening));
}
