import { checkBooks, type Expectation } from '../../../sample/01-quickstart/books.js';
import { type Databases, perService } from '../../../sample/01-quickstart/databases.js';
import type { OrderLine } from '../../../sample/01-quickstart/orders-file.js';
import { createTestDatabase, type TestDatabase } from '../../servers/test-database.js';

const line = (order: string, customer: string, quantity: number): OrderLine => ({
  order,
  customer,
  product: 'p1',
  quantity,
  amountCents: quantity * 1_050,
  note: '',
});

/** A1 and A2 are committed, A3 has found the shelf empty. */
const orders = [line('A1', 'c1', 2), line('A2', 'c2', 3), line('A3', 'c1', 5)];
const expectation: Expectation = {
  orders,
  openings: {
    units: new Map([['p1', 8]]),
    cents: new Map([
      ['c1', 5250],
      ['c2', 3150],
    ]),
  },
  outcomes: new Map([
    ['A1', 'COMMITTED'],
    ['A2', 'COMMITTED'],
    ['A3', 'OUT_OF_STOCK'],
  ]),
};

describe('the check of the books', () => {
  let databases: TestDatabase[];
  let pools: Databases['pools'];

  beforeEach(async () => {
    databases = [];
    pools = await perService(async () => {
      const database = await createTestDatabase();
      databases.push(database);
      return database.pool();
    });
    await pools.orders.query(`${UNDO_ROWS}
      CREATE TABLE orders (id text PRIMARY KEY, customer text, product text, quantity int,
        amount_cents bigint);
      INSERT INTO orders VALUES ('A1', 'c1', 'p1', 2, 2100), ('A2', 'c2', 'p1', 3, 3150)`);
    await pools.stock.query(`${UNDO_ROWS}
      CREATE TABLE products (id text PRIMARY KEY, units int);
      CREATE TABLE movements (order_id text PRIMARY KEY, product text, quantity int);
      INSERT INTO products VALUES ('p1', 8 - 5);
      INSERT INTO movements VALUES ('A1', 'p1', 2), ('A2', 'p1', 3)`);
    await pools.accounts.query(`${UNDO_ROWS}
      CREATE TABLE accounts (customer text PRIMARY KEY, balance_cents bigint);
      CREATE TABLE charges (order_id text PRIMARY KEY, customer text, amount_cents bigint);
      INSERT INTO accounts VALUES ('c1', 5250 - 2100), ('c2', 3150 - 3150);
      INSERT INTO charges VALUES ('A1', 'c1', 2100), ('A2', 'c2', 3150)`);
  });

  afterEach(async () => {
    for (const database of databases) await database.drop();
  });

  it('finds that true books agree', async () => {
    expect(await checkBooks(pools, expectation)).toEqual({
      agree: true,
      problems: [],
      orderedCents: 5250n,
      chargedCents: 5250n,
      orderedUnits: 5n,
      takenUnits: 5n,
    });
  });

  it.each([
    [
      'a cent that left an account',
      'accounts',
      `UPDATE accounts SET balance_cents = balance_cents - 1 WHERE customer = 'c1'`,
      ['The account of c1 should hold 31.50, and holds 31.49.'],
    ],
    [
      'a cent that moved from one account to another',
      'accounts',
      `UPDATE accounts
       SET balance_cents = balance_cents + CASE customer WHEN 'c1' THEN -1 ELSE 1 END`,
      [
        'The account of c1 should hold 31.50, and holds 31.49.',
        'The account of c2 should hold 0.00, and holds 0.01.',
      ],
    ],
    [
      'an account that is gone',
      'accounts',
      `DELETE FROM accounts WHERE customer = 'c2'`,
      ['The account of c2 should hold 0.00, and holds nothing at all.'],
    ],
    [
      'a charge and a balance that are wrong by the same cent',
      'accounts',
      `UPDATE accounts SET balance_cents = balance_cents - 1 WHERE customer = 'c1';
       UPDATE charges SET amount_cents = amount_cents + 1 WHERE order_id = 'A1'`,
      ['Order A1 costs 21.00 for c1, but the charge is 21.01 for c1.'],
    ],
    [
      'a charge that is gone, with the money back',
      'accounts',
      `DELETE FROM charges WHERE order_id = 'A2';
       UPDATE accounts SET balance_cents = 3150 WHERE customer = 'c2'`,
      ['Order A2 has no charge.'],
    ],
    [
      'a charge that was left behind by a rolled back order',
      'accounts',
      `INSERT INTO charges VALUES ('A3', 'c1', 3150);
       UPDATE accounts SET balance_cents = 0 WHERE customer = 'c1'`,
      ['A charge is there for order A3, which is not.'],
    ],
    [
      'a charge of the wrong customer',
      'accounts',
      `UPDATE charges SET customer = 'c1' WHERE order_id = 'A2';
       UPDATE accounts SET balance_cents = CASE customer WHEN 'c1' THEN 0 ELSE 3150 END`,
      ['Order A2 costs 31.50 for c2, but the charge is 31.50 for c1.'],
    ],
    [
      'a unit that left the shelf',
      'stock',
      `UPDATE products SET units = 2`,
      ['The shelf of p1 should hold 3 units, and holds 2.'],
    ],
    [
      'a stock movement that is gone, with the goods back',
      'stock',
      `DELETE FROM movements WHERE order_id = 'A1'; UPDATE products SET units = 5`,
      ['Order A1 has no stock movement.'],
    ],
    [
      'an order that is gone though its caller was told that it is committed',
      'orders',
      `DELETE FROM orders WHERE id = 'A1'`,
      [
        'Order A1 was reported as committed, but has no row.',
        'A charge is there for order A1, which is not.',
        'A stock movement is there for order A1, which is not.',
      ],
    ],
    [
      'an order that is there though its caller was told that it is rolled back',
      'orders',
      `INSERT INTO orders VALUES ('A3', 'c1', 'p1', 5, 5250)`,
      [
        'Order A3 was reported as rolled back (OUT_OF_STOCK), but has a row.',
        'Order A3 has no charge.',
        'Order A3 has no stock movement.',
      ],
    ],
    [
      'an order that nobody has placed',
      'orders',
      `INSERT INTO orders VALUES ('A4', 'c1', 'p1', 0, 0)`,
      [
        'Order A4 is not what the file says.',
        'Order A4 has no charge.',
        'Order A4 has no stock movement.',
      ],
    ],
    [
      'a change that is not settled',
      'stock',
      `INSERT INTO dtx.undo_row DEFAULT VALUES`,
      ['The database stock still holds 1 undo rows.'],
    ],
  ] as const)('sees %s', async (_, database, damage, problems) => {
    await pools[database].query(damage);

    expect(await checkBooks(pools, expectation)).toMatchObject({ agree: false, problems });
  });

  it('sees an order without an outcome', async () => {
    const outcomes = new Map([...expectation.outcomes].filter(([order]) => order !== 'A3'));

    expect(await checkBooks(pools, { ...expectation, outcomes })).toMatchObject({
      agree: false,
      problems: ['Order A3 is neither committed nor rolled back.'],
    });
  });
});

const UNDO_ROWS = 'CREATE SCHEMA dtx; CREATE TABLE dtx.undo_row (seq int);';
