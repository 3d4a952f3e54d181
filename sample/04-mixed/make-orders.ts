import { sumsOf } from '../support/load/compare-books.js';
import type { PlaceOrder } from './place-order.js';

const PRODUCTS = 12;
const CUSTOMERS = 15;
/** One card in so many. */
const STOLEN_EVERY = 10;
/** Of what all orders together ask for: shelves and purses become empty before the last one. */
const SHARE = 0.85;

/** @returns orders that are the same in every run */
export function makeOrders(count: number): readonly PlaceOrder[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const quantity = 1 + (number % 4);
    return {
      order: `order-${number}`,
      // Steps without a common divisor with the counts: every product meets every customer.
      customer: `customer-${(number * 4) % CUSTOMERS}`,
      product: `product-${(number * 7) % PRODUCTS}`,
      quantity,
      amountCents: quantity * (500 + 25 * (number % 9)),
      card: number % STOLEN_EVERY === 0 ? 'stolen' : 'valid',
    };
  });
}

/** What is there before the first order: a share of all that is asked for, by name. */
export function openings(
  orders: readonly PlaceOrder[],
  demandOf: (order: PlaceOrder) => readonly [name: string, demand: number],
): ReadonlyMap<string, number> {
  const sums = sumsOf(orders.map(demandOf));
  return new Map([...sums].map(([name, sum]) => [name, Math.ceil(sum * SHARE)]));
}
