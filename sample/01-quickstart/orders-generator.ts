/** What to generate. The same options always give the same text. */
export interface GeneratorOptions {
  readonly orders: number;
  readonly products: number;
  readonly customers: number;
  readonly seed: number;
}

/** What orders.csv was made of. */
export const OUR_ORDERS: GeneratorOptions = {
  orders: 1_200,
  products: 50,
  customers: 40,
  seed: 2_026,
};

/** Notes that make the account service's audit refuse or dawdle, after it has charged. */
const STOLEN = 'card reported stolen';
const REVIEW = 'manual review';

/** One order in so many. */
const STOLEN_EVERY = 40;
const REVIEW_EVERY = 150;

/** @returns a file with orders, as CSV */
export function generateOrders({ orders, products, customers, seed }: GeneratorOptions): string {
  const random = createRandom(seed);
  const below = (max: number): number => Math.floor(random() * max);
  // Every second order goes to the first half: some products and customers are busier than others.
  const busier = (count: number): number => below(random() < 0.5 ? Math.ceil(count / 2) : count);
  const prices = Array.from({ length: products }, () => 199 + below(9_800));
  const lines = ['order,customer,product,quantity,unit_price,note'];
  for (let number = 1; number <= orders; number += 1) {
    const product = busier(products);
    const customer = busier(customers);
    const price = ((prices[product] ?? 0) / 100).toFixed(2);
    const name = [id('A', 4, number), id('c', 2, customer + 1), id('p', 2, product + 1)];
    lines.push([...name, 1 + below(5), price, noteOf(number)].join(','));
  }
  return `${lines.join('\n')}\n`;
}

const id = (prefix: string, digits: number, number: number): string =>
  `${prefix}${String(number).padStart(digits, '0')}`;

function noteOf(number: number): string {
  if (number % STOLEN_EVERY === 0) return STOLEN;
  return number % REVIEW_EVERY === 75 ? REVIEW : '';
}

/** Mulberry32: small, fast, and the same everywhere. @returns a source of numbers from 0 to 1 */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
