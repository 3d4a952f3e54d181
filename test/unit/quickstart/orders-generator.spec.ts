import { readFile } from 'node:fs/promises';

import { openingsFor } from '../../../sample/01-quickstart/openings.js';
import { generateOrders, OUR_ORDERS } from '../../../sample/01-quickstart/orders-generator.js';
import { parseOrders } from '../../../sample/01-quickstart/orders-file.js';

describe('our file with orders', () => {
  it('is what the generator writes', async () => {
    const text = await readFile('sample/01-quickstart/orders.csv', 'utf8');

    expect(text).toBe(generateOrders(OUR_ORDERS));
  });

  it('holds at least 1,000 orders over 50 products and 40 customers, and no malformed line', () => {
    const { orders, malformed } = parseOrders(generateOrders(OUR_ORDERS));

    expect(orders.length).toBeGreaterThanOrEqual(1_000);
    expect(new Set(orders.map(({ product }) => product)).size).toBe(50);
    expect(new Set(orders.map(({ customer }) => customer)).size).toBe(40);
    expect(malformed).toEqual([]);
  });
});

describe('the openings', () => {
  const line = { order: 'A1', customer: 'c1', product: 'p1', quantity: 5, amountCents: 1000 };

  it('cover most of what is asked for, but not all', () => {
    const orders = Array.from({ length: 10 }, () => ({ ...line, note: '' }));

    expect(openingsFor(orders)).toEqual({
      units: new Map([['p1', 42]]),
      cents: new Map([['c1', 8000]]),
    });
  });

  it('cover the largest single order', () => {
    expect(openingsFor([{ ...line, note: '' }])).toEqual({
      units: new Map([['p1', 5]]),
      cents: new Map([['c1', 1000]]),
    });
  });
});
