/** What became of an order: committed, or the code of the reason why it was rolled back. */
export type Outcome = string;

export const COMMITTED: Outcome = 'COMMITTED';

/** The reasons that this sample knows, in words. */
const REASONS: Readonly<Record<string, string>> = {
  OUT_OF_STOCK: 'out of stock',
  NOT_ENOUGH_MONEY: 'not enough money',
  AUDIT_REFUSED: 'audit refused, after the charge',
  ACCOUNT_TIMED_OUT: 'account service timed out',
  DTX_ERR_RM_LOCK_CONFLICT: 'rows stayed locked by others',
  ORDER_UNAVAILABLE: 'order service not reached',
  STOCK_UNAVAILABLE: 'stock service not reached',
  ACCOUNT_UNAVAILABLE: 'account service not reached',
};

export const reasonInWords = (outcome: Outcome): string => REASONS[outcome] ?? outcome;

/** @returns how many orders there are of each outcome, the most frequent first */
export function countOutcomes(outcomes: Iterable<Outcome>): ReadonlyMap<Outcome, number> {
  const counts = new Map<Outcome, number>();
  for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}
