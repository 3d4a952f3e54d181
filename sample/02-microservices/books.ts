import type { Databases } from './databases.js';
import type { Openings } from './make-orders.js';
import type { Told } from './place-orders.js';

/** What must be true at the end. */
export interface Expectation {
  readonly openings: Openings;
  /** What callers were told decides what has to stand in the tables. */
  readonly told: readonly Told[];
}

/** What stands in the three databases: a line of text for each row. */
export interface Ledger {
  readonly orders: readonly string[];
  readonly movements: readonly string[];
  readonly charges: readonly string[];
  readonly shelves: readonly string[];
  readonly purses: readonly string[];
  /** Events that have arrived: order and xid. */
  readonly attempts: readonly string[];
  /** Changes that are not settled. */
  readonly undoRows: readonly string[];
}

/** Looks into the databases with plain SQL, past the services and past this library. */
export async function readLedger(pools: Databases['pools']): Promise<Ledger> {
  const read = async (name: keyof typeof pools, columns: string, table: string) => {
    const sql = `SELECT concat_ws(' ', ${columns}) AS line FROM ${table}`;
    const { rows } = await pools[name].query<{ line: string }>(sql);
    return rows.map(({ line }) => line);
  };
  const undoRows = (name: keyof typeof pools) => read(name, `'${name}', xid`, 'dtx.undo_row');
  return {
    orders: await read('orders', 'id, customer, quantity, product, amount_cents', 'orders'),
    movements: await read('inventory', 'order_id, quantity, product', 'movements'),
    charges: await read('payments', 'order_id, customer, amount_cents', 'charges'),
    shelves: await read('inventory', 'id, units', 'products'),
    purses: await read('payments', 'customer, balance_cents', 'accounts'),
    attempts: await read('payments', 'order_id, xid', 'attempts'),
    undoRows: (
      await Promise.all([undoRows('orders'), undoRows('inventory'), undoRows('payments')])
    ).flat(),
  };
}

/** @returns a sentence for each difference; none when the books agree */
export function checkBooks(ledger: Ledger, { openings, told }: Expectation): readonly string[] {
  const placed = told.filter(({ xid }) => xid !== undefined).map(({ order }) => order);
  const taken = placed.map(({ product, quantity }) => [product, quantity] as const);
  const paid = placed.map(({ customer, amountCents }) => [customer, amountCents] as const);
  const expected = {
    orders: placed.map((o) => line(o.order, o.customer, o.quantity, o.product, o.amountCents)),
    movements: placed.map((o) => line(o.order, o.quantity, o.product)),
    charges: placed.map((o) => line(o.order, o.customer, o.amountCents)),
    shelves: remainders(openings.units, taken),
    purses: remainders(openings.cents, paid),
    undoRows: [],
  } as const;
  const tables = Object.keys(expected) as (keyof typeof expected)[];
  return [
    ...tables.flatMap((table) => differences(table, expected[table], ledger[table])),
    ...eventProblems(ledger.attempts, told),
  ];
}

const line = (...values: readonly (string | number)[]): string => values.join(' ');

/** Opening less all that is gone. */
function remainders(
  openings: ReadonlyMap<string, number>,
  gone: readonly (readonly [key: string, amount: number])[],
): readonly string[] {
  const left = new Map(openings);
  for (const [key, amount] of gone) left.set(key, (left.get(key) ?? 0) - amount);
  return [...left].map(([key, amount]) => line(key, amount));
}

function differences(
  table: string,
  expected: readonly string[],
  found: readonly string[],
): readonly string[] {
  const counts = new Map<string, number>();
  for (const row of found) counts.set(row, (counts.get(row) ?? 0) + 1);
  return [
    ...without(expected, found).map((row) => `In ${table} there is no "${row}".`),
    ...without(found, expected).map((row) => `In ${table} there should be no "${row}".`),
    ...[...counts]
      .filter(([, count]) => count > 1)
      .map(([row, count]) => `In ${table} "${row}" stands ${count} times instead of once.`),
  ];
}

function without(rows: readonly string[], others: readonly string[]): readonly string[] {
  const known = new Set(others);
  return rows.filter((row) => !known.has(row));
}

/**
 * Each attempt has left its event, also one that was rolled back, and the event names the
 * transaction of its sender: of those that were placed we know it.
 */
function eventProblems(attempts: readonly string[], told: readonly Told[]): readonly string[] {
  const sent = told.flatMap(({ order, attempts: times }) => Array<string>(times).fill(order.order));
  const arrived = attempts.map((attempt) => attempt.split(' ')[0] ?? '');
  const known = told.flatMap(({ order, xid }) => (xid === undefined ? [] : line(order.order, xid)));
  return [
    ...(sent.sort().join() === arrived.sort().join()
      ? []
      : [`Of ${sent.length} events ${arrived.length} have arrived, or not those that were sent.`]),
    ...without(known, attempts).map((event) => `No event names the transaction of "${event}".`),
  ];
}
