import { type AccountAt, type Bank, BANKS, type Transfer } from './transfer.js';

const ACCOUNTS = 9;
/** Of each bank: one in so many begins without money, and the last one is blocked. */
const POOR_EVERY = 3;
const BLOCKED = ACCOUNTS - 1;
const OPENING_CENTS = 20_000;
/** One transfer in so many. */
const NOT_APPROVED_EVERY = 10;

/** An account as it is before the first transfer. */
export interface Opening extends AccountAt {
  readonly balanceCents: number;
  readonly isBlocked: boolean;
}

/** @returns transfers to and fro between the banks, the same in every run */
export function makeTransfers(count: number): readonly Transfer[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1;
    const from = number % 2 === 0 ? 'north' : 'south';
    const to = from === 'north' ? 'south' : 'north';
    return {
      transfer: `transfer-${number}`,
      from: accountAt(from, number * 4),
      // Shifted after each round: every account meets every other.
      to: accountAt(to, number * 7 + Math.floor(number / ACCOUNTS)),
      amountCents: 500 + 125 * (number % 7),
      isApproved: number % NOT_APPROVED_EVERY !== 0,
    };
  });
}

/** What the banks begin with. The poor can spend what others pay to them. */
export function openings(): readonly Opening[] {
  return BANKS.flatMap((bank) =>
    Array.from({ length: ACCOUNTS }, (_, number) => ({
      ...accountAt(bank, number),
      balanceCents: number % POOR_EVERY === 0 ? 0 : OPENING_CENTS,
      isBlocked: number === BLOCKED,
    })),
  );
}

const accountAt = (bank: Bank, number: number): AccountAt => ({
  bank,
  account: `${bank}-${number % ACCOUNTS}`,
});
