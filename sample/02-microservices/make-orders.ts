import type { PlaceOrder } from './order/place-order.js';

/** What is there before the first order: units by product, cents by customer. */
export interface Openings {
  readonly units: ReadonlyMap<string, number>;
  readonly cents: ReadonlyMap<string, number>;
}

const PRODUCTS = 12;
const CUSTOMERS = 15;
/** One card in so many, from the first orders on, when there are goods and money for all. */
const STOLEN_EVERY = 30;
const UNREADABLE_EVERY = 40;
/** Of what all orders together ask for: shelves and purses become empty before the last one. */
const STOCK_SHARE = 0.9;
const MONEY_SHARE = 0.85;

/** @returns orders that are the same in every run */
export function makeOrders(count: number): readonly PlaceOrder[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    // Steps without a common divisor with the counts: every product meets every customer.
    const product = (number * 7) % PRODUCTS;
    const customer = (number * 4) % CUSTOMERS;
    const quantity = 1 + (number % 4);
    return {
      order: `A${String(number).padStart(5, '0')}`,
      customer: `c${String(customer + 1).padStart(2, '0')}`,
      product: `p${String(product + 1).padStart(2, '0')}`,
      quantity,
      amountCents: quantity * (499 + product * 250),
      card: cardOf(number),
    };
  });
}

function cardOf(number: number): string {
  if (number % STOLEN_EVERY === 3) return 'stolen';
  return number % UNREADABLE_EVERY === 5 ? 'unreadable' : 'good';
}

/** Each single order could be filled if it came first. */
export function openingsFor(orders: readonly PlaceOrder[]): Openings {
  return {
    units: shares(orders, STOCK_SHARE, ({ product, quantity }) => [product, quantity]),
    cents: shares(orders, MONEY_SHARE, ({ customer, amountCents }) => [customer, amountCents]),
  };
}

function shares(
  orders: readonly PlaceOrder[],
  share: number,
  demandOf: (order: PlaceOrder) => readonly [key: string, demand: number],
): ReadonlyMap<string, number> {
  const totals = new Map<string, { readonly sum: number; readonly largest: number }>();
  for (const [key, demand] of orders.map(demandOf)) {
    const { sum, largest } = totals.get(key) ?? { sum: 0, largest: 0 };
    totals.set(key, { sum: sum + demand, largest: Math.max(largest, demand) });
  }
  return new Map(
    [...totals].map(([key, { sum, largest }]) => [key, Math.max(largest, Math.floor(sum * share))]),
  );
}
