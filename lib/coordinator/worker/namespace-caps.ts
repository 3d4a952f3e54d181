import { BRANCHES_PER_TRANSACTION_MAX } from '../../protocol/index.js';

/** How much one namespace may take of what all of them share. */
export interface NamespaceCaps {
  /** Global transactions that have not ended. Each takes about a kilobyte of memory. */
  readonly openTransactionsMax: number;
  /** Branches of one global transaction. */
  readonly branchesMax: number;
}

export const NAMESPACE_CAPS_DEFAULT: NamespaceCaps = {
  openTransactionsMax: 100_000,
  branchesMax: BRANCHES_PER_TRANSACTION_MAX,
};
