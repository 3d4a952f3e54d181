import { type Databases, perService } from './databases.js';
import { formatCents } from './money.js';
import type { Openings } from './openings.js';
import type { OrderLine } from './orders-file.js';
import { COMMITTED, type Outcome } from './outcome.js';

/** What must be true of the books at the end. */
export interface Expectation {
  readonly orders: readonly OrderLine[];
  readonly openings: Openings;
  /** What was told about each order. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** What the three databases say, taken together. */
export interface Books {
  readonly agree: boolean;
  /** Each a sentence; none when the books agree. */
  readonly problems: readonly string[];
  readonly orderedCents: bigint;
  readonly chargedCents: bigint;
  readonly orderedUnits: bigint;
  readonly takenUnits: bigint;
}

/**
 * Looks into the three databases with plain SQL, past the services and past this library, and
 * compares what is there with the file, with what callers were told, and with each other.
 */
export async function checkBooks(
  pools: Databases['pools'],
  expectation: Expectation,
): Promise<Books> {
  const ledger = await readLedger(pools);
  const problems = CHECKS.flatMap((check) => check(ledger, expectation));
  return {
    agree: problems.length === 0,
    problems,
    orderedCents: sum(ledger.orders, ({ amount }) => amount),
    chargedCents: sum(ledger.charges, ({ amount }) => amount),
    orderedUnits: sum(ledger.orders, ({ quantity }) => quantity),
    takenUnits: sum(ledger.movements, ({ quantity }) => quantity),
  };
}

interface Entry {
  readonly id: string;
}
type OrderRow = Entry & {
  readonly customer: string;
  readonly product: string;
  readonly quantity: bigint;
  readonly amount: bigint;
};
type MovementRow = Entry & { readonly product: string; readonly quantity: bigint };
type ChargeRow = Entry & { readonly customer: string; readonly amount: bigint };
type Balance = Entry & { readonly left: bigint };

interface Ledger {
  readonly orders: readonly OrderRow[];
  readonly movements: readonly MovementRow[];
  readonly charges: readonly ChargeRow[];
  readonly products: readonly Balance[];
  readonly accounts: readonly Balance[];
  readonly undoRows: readonly (Entry & { readonly rows: bigint })[];
}

async function readLedger(pools: Databases['pools']): Promise<Ledger> {
  const read = async <T>(name: keyof typeof pools, sql: string): Promise<readonly T[]> => {
    const { rows } = await pools[name].query<Record<string, unknown>>(sql);
    return rows.map(withBigInts) as T[];
  };
  const undoRows = await perService((name) =>
    read<Ledger['undoRows'][number]>(
      name,
      `SELECT '${name}' AS id, count(*) AS rows FROM dtx.undo_row`,
    ),
  );
  return {
    orders: await read('orders', ORDERS),
    movements: await read('stock', MOVEMENTS),
    charges: await read('accounts', CHARGES),
    products: await read('stock', 'SELECT id, units::bigint AS left FROM products'),
    accounts: await read('accounts', 'SELECT customer AS id, balance_cents AS left FROM accounts'),
    undoRows: Object.values(undoRows).flat(),
  };
}

const ORDERS = `
  SELECT id, customer, product, quantity::bigint AS quantity, amount_cents AS amount FROM orders`;
const MOVEMENTS = `
  SELECT order_id AS id, product, quantity::bigint AS quantity FROM movements`;
const CHARGES = `
  SELECT order_id AS id, customer, amount_cents AS amount FROM charges`;

/** The driver gives a bigint as text. */
const BIGINTS = new Set(['amount', 'quantity', 'left', 'rows']);

const withBigInts = (row: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      BIGINTS.has(name) ? BigInt(value as string) : value,
    ]),
  );

type Check = (ledger: Ledger, expectation: Expectation) => readonly string[];

/** Exactly one state: a committed order has its row, a rolled back one has none. */
const everyOrderHasOneOutcome: Check = ({ orders }, expectation) => {
  const rows = new Set(orders.map(({ id }) => id));
  return expectation.orders.flatMap(({ order }) => {
    const outcome = expectation.outcomes.get(order);
    if (outcome === undefined) return [`Order ${order} is neither committed nor rolled back.`];
    if ((outcome === COMMITTED) === rows.has(order)) return [];
    return [
      outcome === COMMITTED
        ? `Order ${order} was reported as committed, but has no row.`
        : `Order ${order} was reported as rolled back (${outcome}), but has a row.`,
    ];
  });
};

/** What stands in the orders table is what stood in the file. */
const ordersAreThoseOfTheFile: Check = ({ orders }, expectation) => {
  const lines = new Map(expectation.orders.map((line) => [line.order, line]));
  return orders.flatMap((row) => {
    const line = lines.get(row.id);
    const same =
      line?.customer === row.customer &&
      line.product === row.product &&
      BigInt(line.quantity) === row.quantity &&
      BigInt(line.amountCents) === row.amount;
    return same ? [] : [`Order ${row.id} is not what the file says.`];
  });
};

const everyOrderIsCharged: Check = ({ orders, charges }) =>
  compare(orders, charges, 'charge', (order, charge) =>
    order.customer === charge.customer && order.amount === charge.amount
      ? undefined
      : `costs ${formatCents(order.amount)} for ${order.customer}, but the charge is ` +
        `${formatCents(charge.amount)} for ${charge.customer}`,
  );

const everyOrderIsTakenFromStock: Check = ({ orders, movements }) =>
  compare(orders, movements, 'stock movement', (order, movement) =>
    order.product === movement.product && order.quantity === movement.quantity
      ? undefined
      : `takes ${order.quantity} of ${order.product}, but the stock movement is ` +
        `${movement.quantity} of ${movement.product}`,
  );

/** Opening balance less all charges is the balance. */
const pursesAgree: Check = ({ accounts, charges }, { openings }) =>
  reconcile(openings.cents, accounts, charges, {
    keyOf: ({ customer }) => customer,
    amountOf: ({ amount }) => amount,
    say: (customer, expected, found) =>
      `The account of ${customer} should hold ${formatCents(expected)}, ` +
      `and holds ${found === undefined ? 'nothing at all' : formatCents(found)}.`,
  });

/** Opening stock less all movements is the stock. */
const shelvesAgree: Check = ({ products, movements }, { openings }) =>
  reconcile(openings.units, products, movements, {
    keyOf: ({ product }) => product,
    amountOf: ({ quantity }) => quantity,
    say: (product, expected, found) =>
      `The shelf of ${product} should hold ${expected} units, ` +
      `and holds ${found === undefined ? 'nothing at all' : found}.`,
  });

/** An undo row is a change that is not settled. */
const nothingIsPending: Check = ({ undoRows }) =>
  undoRows
    .filter(({ rows }) => rows > 0n)
    .map(({ id, rows }) => `The database ${id} still holds ${rows} undo rows.`);

const CHECKS: readonly Check[] = [
  everyOrderHasOneOutcome,
  ordersAreThoseOfTheFile,
  everyOrderIsCharged,
  everyOrderIsTakenFromStock,
  pursesAgree,
  shelvesAgree,
  nothingIsPending,
];

/** Each order has its counterpart, each counterpart has its order, and the two agree. */
function compare<T extends Entry>(
  orders: readonly OrderRow[],
  others: readonly T[],
  what: string,
  difference: (order: OrderRow, other: T) => string | undefined,
): readonly string[] {
  const byOrder = new Map(others.map((other) => [other.id, other]));
  const ids = new Set(orders.map(({ id }) => id));
  const missing = orders.flatMap((order) => {
    const other = byOrder.get(order.id);
    const found = other ? difference(order, other) : `has no ${what}`;
    return found === undefined ? [] : [`Order ${order.id} ${found}.`];
  });
  const stray = others.filter(({ id }) => !ids.has(id));
  return [
    ...missing,
    ...stray.map(({ id }) => `A ${what} is there for order ${id}, which is not.`),
  ];
}

interface Reconciliation<T> {
  readonly keyOf: (entry: T) => string;
  readonly amountOf: (entry: T) => bigint;
  readonly say: (key: string, expected: bigint, found: bigint | undefined) => string;
}

function reconcile<T>(
  openings: ReadonlyMap<string, number>,
  balances: readonly Balance[],
  entries: readonly T[],
  { keyOf, amountOf, say }: Reconciliation<T>,
): readonly string[] {
  const found = new Map(balances.map(({ id, left }) => [id, left]));
  const gone = new Map<string, bigint>();
  for (const entry of entries) {
    gone.set(keyOf(entry), (gone.get(keyOf(entry)) ?? 0n) + amountOf(entry));
  }
  return [...openings].flatMap(([key, opening]) => {
    const expected = BigInt(opening) - (gone.get(key) ?? 0n);
    return found.get(key) === expected ? [] : [say(key, expected, found.get(key))];
  });
}

const sum = <T>(rows: readonly T[], amountOf: (row: T) => bigint): bigint =>
  rows.reduce((total, row) => total + amountOf(row), 0n);
