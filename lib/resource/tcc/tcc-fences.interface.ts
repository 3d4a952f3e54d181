import type { BranchTag } from '../at/index.js';

/** State of a fence row, with Seata's numbers. */
export const TCC_FENCE = {
  /** The try has committed. */
  tried: 1,
  confirmed: 2,
  cancelled: 3,
  /** The cancel came before the try, which must not happen any more. */
  tombstone: 4,
} as const;

/** What stands in the fence row of a branch. */
export interface TccFenceRow {
  readonly state: number;
  /** What the try has noted, as it was encoded. */
  readonly notes: string | undefined;
}

/**
 * The rows that make a try, a confirm and a cancel happen at most once, in the database in which
 * they work. The texts are for the local transaction of the method; each answers by the number of
 * rows that it has changed, which is 0 where the method must not run.
 *
 * @see Seata `tcc_fence_log`
 */
export interface TccFences {
  /** @throws TccFenceInstallError the table is missing and may not be made */
  install(mode: 'mend' | 'check'): Promise<void>;
  /** Waits for a row that is being inserted, and never reads one that is missing: no gap locks. */
  enterText(tag: BranchTag, action: string): string;
  switchText(tag: BranchTag, to: number): string;
  notesText(tag: BranchTag, notes: string): string;
  /** The row, once whoever writes it now has ended. */
  look(tag: BranchTag): Promise<TccFenceRow | undefined>;
  /** Puts a tombstone where no row is; returns the row that stands then. */
  bury(tag: BranchTag, action: string): Promise<TccFenceRow>;
  /** The same as the texts, in a local transaction of its own. */
  carryOut(text: string): Promise<number>;
  /** Deletes rows of finished branches of the action that are older; returns how many. */
  purge(action: string, olderThanMs: number): Promise<number>;
}
