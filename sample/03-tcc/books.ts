import { compareBooks, doneOf, type Lines, sumsOf } from '../support/load/compare-books.js';
import type { Told } from '../support/load/send-all.js';
import type { Opening } from './make-transfers.js';
import type { Bank, Transfer } from './transfer.js';

/** The fence row of a branch. */
export interface Fence {
  readonly bank: Bank;
  readonly xid: string;
  readonly state: number;
}

/** States of a fence row that nothing follows. Before them it is 1: tried. */
export const CONFIRMED = 2;
export const CANCELLED = 3;
/** The try has left nothing, and must not come any more. */
export const EMPTY = 4;

/** What stands in the databases of the banks. */
export interface Ledger extends Lines<'accounts' | 'entries'> {
  readonly fences: readonly Fence[];
}

/** What must be true at the end. */
export interface Expectation {
  /** What callers were told decides what has to stand in the tables. */
  readonly told: readonly Told<Transfer>[];
  readonly openings: readonly Opening[];
}

/** @returns a sentence for each difference; none when the books agree */
export function checkBooks(ledger: Ledger, { told, openings }: Expectation): readonly string[] {
  const found = new Set(ledger.entries.map((row) => row.split(' ')[0]));
  const moved = doneOf(told, ({ transfer }) => found.has(transfer)).flatMap(entriesOf);
  const changes = sumsOf(moved.map(({ account, cents }) => [account, cents]));
  const expected = {
    // Balance, and nothing frozen or announced.
    accounts: openings.map(({ account, balanceCents }) =>
      [account, balanceCents + (changes.get(account) ?? 0), 0, 0].join(' '),
    ),
    entries: moved.map(({ transfer, account, cents }) => [transfer, account, cents].join(' ')),
  };
  return [
    ...compareBooks(expected, ledger),
    ...moneyProblems(ledger, openings),
    ...fenceProblems(ledger),
  ];
}

/** What a transfer leaves in the books of both banks. */
const entriesOf = ({ transfer, from, to, amountCents }: Transfer) => [
  { transfer, account: from.account, cents: -amountCents },
  { transfer, account: to.account, cents: amountCents },
];

/** In both banks together. */
export const centsIn = ({ accounts }: Pick<Ledger, 'accounts'>): number =>
  accounts.reduce((sum, row) => sum + Number(row.split(' ')[1]), 0);

function moneyProblems(ledger: Ledger, openings: readonly Opening[]): readonly string[] {
  const before = openings.reduce((sum, { balanceCents }) => sum + balanceCents, 0);
  const after = centsIn(ledger);
  return before === after ? [] : [`There were ${before} cents, and there are ${after}.`];
}

/** A branch has ended, and in both banks in the same way; one confirm stands behind each entry. */
function fenceProblems({ entries, fences }: Ledger): readonly string[] {
  const ways = new Map<string, string[]>();
  for (const { bank, state, xid } of fences) {
    const way = { [CONFIRMED]: 'confirmed', [CANCELLED]: 'not', [EMPTY]: 'not' }[state] ?? 'open';
    ways.set(xid, [...(ways.get(xid) ?? []), `${way} ${bank}`]);
  }
  const isWhole = (way: readonly string[]): boolean =>
    way.every((end) => end.startsWith('not')) ||
    way.toSorted().join() === 'confirmed north,confirmed south';
  const confirms = fences.filter(({ state }) => state === CONFIRMED).length;
  return [
    ...[...ways]
      .filter(([, way]) => !isWhole(way))
      .map(([xid, way]) => `The fences of ${xid} say: ${way.join(', ')}.`),
    ...(confirms === entries.length
      ? []
      : [`There are ${confirms} confirms for ${entries.length} entries.`]),
  ];
}
