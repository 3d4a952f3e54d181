import { checkBooks, type Ledger } from '../../../sample/02-microservices/books.js';
import type { PlaceOrder } from '../../../sample/02-microservices/order/place-order.js';
import type { Told } from '../../../sample/02-microservices/place-orders.js';

const orderOf = (order: string, product: string, quantity: number): PlaceOrder => ({
  order,
  customer: 'ann',
  product,
  quantity,
  amountCents: quantity * 100,
  card: 'good',
});

const TOLD: readonly Told[] = [
  { order: orderOf('A1', 'lamp', 2), xid: 'x2', attempts: 2 },
  { order: orderOf('A2', 'sofa', 1), reason: 'CARD_REFUSED', attempts: 1 },
];

const EXPECTATION = {
  told: TOLD,
  openings: {
    units: new Map([
      ['lamp', 5],
      ['sofa', 1],
    ]),
    cents: new Map([['ann', 1_000]]),
  },
};

const LEDGER: Ledger = {
  orders: ['A1 ann 2 lamp 200'],
  movements: ['A1 2 lamp'],
  charges: ['A1 ann 200'],
  shelves: ['lamp 3', 'sofa 1'],
  purses: ['ann 800'],
  attempts: ['A1 x1', 'A1 x2', 'A2 x3'],
  undoRows: [],
};

describe('the books of the microservices', () => {
  it('agree when every table holds what was told, and nothing else', () => {
    expect(checkBooks(LEDGER, EXPECTATION)).toEqual([]);
  });

  it.each<[string, Partial<Ledger>, string]>([
    ['an order that was told and is gone', { orders: [] }, 'In orders there is no "A1'],
    [
      'an order that was refused and is there',
      { orders: [...LEDGER.orders, 'A2 ann 1 sofa 100'] },
      'In orders there should be no "A2 ann 1 sofa 100".',
    ],
    [
      'goods that left twice',
      { movements: [...LEDGER.movements, ...LEDGER.movements] },
      'In movements "A1 2 lamp" stands 2 times instead of once.',
    ],
    [
      'a charge for an order that was refused',
      { charges: [...LEDGER.charges, 'A2 ann 100'] },
      'In charges there should be no "A2 ann 100".',
    ],
    ['a shelf that lacks goods', { shelves: ['lamp 3', 'sofa 0'] }, 'no "sofa 1"'],
    ['money that has come from nowhere', { purses: ['ann 1000'] }, 'no "ann 800"'],
    [
      'a change that is not settled',
      { undoRows: ['payments x9'] },
      'In undoRows there should be no "payments x9".',
    ],
    [
      'an event that was undone with its order',
      { attempts: ['A1 x1', 'A1 x2'] },
      'Of 3 events 2 have arrived',
    ],
    [
      'an event that names another transaction',
      { attempts: ['A1 x1', 'A1 x9', 'A2 x3'] },
      'No event names the transaction of "A1 x2".',
    ],
  ])('do not agree about %s', (_title, change, problem) => {
    const problems = checkBooks({ ...LEDGER, ...change }, EXPECTATION);
    expect(problems.join('\n')).toContain(problem);
  });
});
