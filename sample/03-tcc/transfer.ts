/** Each of the two is a service with a database of its own. */
export const BANKS = ['north', 'south'] as const;

export type Bank = (typeof BANKS)[number];

/** The body of `POST /transfers`. */
export interface Transfer {
  readonly transfer: string;
  readonly from: AccountAt;
  readonly to: AccountAt;
  readonly amountCents: number;
  /** Whether the person who has to look at it agrees. */
  readonly isApproved: boolean;
}

export interface AccountAt {
  readonly bank: Bank;
  readonly account: string;
}

/** What a bank is asked, and what it still knows when it confirms or cancels. */
export interface Leg {
  readonly transfer: string;
  readonly account: string;
  readonly amountCents: number;
}
