import type { MessageTransport } from './message-transport.js';
import type { Told } from './place-orders.js';

/** What a run has come to. */
export interface Result {
  readonly transport: MessageTransport['kind'];
  /** The names of the processes that took part. */
  readonly processes: readonly string[];
  readonly told: readonly Told[];
  /** Events that have arrived. */
  readonly events: number;
  /** Each a sentence; none when the books agree. */
  readonly problems: readonly string[];
  readonly seconds: number;
}

/** The reasons that this sample knows, in words. */
const REASONS: Readonly<Record<string, string>> = {
  OUT_OF_STOCK: 'out of stock, says inventory over gRPC',
  NOT_ENOUGH_MONEY: 'not enough money, says payment',
  CARD_REFUSED: 'card refused, after the charge',
  PAYMENT_FAILED: 'payment threw, after the charge',
  DTX_ERR_RM_LOCK_CONFLICT: 'rows stayed locked by others',
};

const PROBLEMS_MAX = 10;
const LABEL_LENGTH = 44;
const NUMBER_LENGTH = 8;

/** The report for people. */
export function formatReport(result: Result): string {
  const { told, events } = result;
  const { orders, committed, rolledBack, attempts, txPerSecond } = figuresOf(result);
  const reasons = [...countReasons(told)].map(
    ([reason, count]) => [`    ${REASONS[reason] ?? reason}`, count] as const,
  );
  const rows: readonly (readonly [string, number])[] = [
    ['Orders', orders],
    ['  committed', committed],
    ['  rolled back', rolledBack],
    ...reasons,
    ['Attempts, each a global transaction', attempts],
    ['  events about them that have arrived', events],
    ['Transactions per second', txPerSecond],
  ];
  return [...rows.map(formatRow), '', ...formatVerdict(result), ''].join('\n');
}

/** The report for machines: one line of JSON. */
export function formatJson(result: Result): string {
  const { transport, processes, events, problems } = result;
  return JSON.stringify({
    transport,
    processes: processes.length,
    ...figuresOf(result),
    events,
    booksAgree: problems.length === 0,
  });
}

function figuresOf({ told, seconds }: Result) {
  const attempts = told.reduce((sum, order) => sum + order.attempts, 0);
  const committed = told.filter(({ xid }) => xid !== undefined).length;
  return {
    orders: told.length,
    committed,
    rolledBack: told.length - committed,
    attempts,
    txPerSecond: Math.round((attempts / seconds) * 10) / 10,
  };
}

function countReasons(told: readonly Told[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { reason } of told) {
    if (reason !== undefined) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}

const formatRow = ([label, value]: readonly [string, number]): string =>
  `  ${label.padEnd(LABEL_LENGTH)}${String(value).padStart(NUMBER_LENGTH)}`;

function formatVerdict({ problems }: Result): readonly string[] {
  if (problems.length === 0) {
    return ['  Books agree: every order is in all three databases or in none of them.'];
  }
  const more = problems.length - PROBLEMS_MAX;
  return [
    '  BOOKS DO NOT AGREE',
    ...problems.slice(0, PROBLEMS_MAX).map((problem) => `    ${problem}`),
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ];
}
