import type { HeldRow } from '../../at-engine.interface.js';

/** An undo row as it is stored. */
export interface StoredRow {
  readonly xid: string;
  readonly branchId: string;
  readonly table: string;
  readonly key: string;
  readonly shape: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Whether a branch did not find the row as the one before it had left it. */
  readonly isBroken: boolean;
  /** Whether a rollback has left it. */
  readonly isLeft: boolean;
  /** What the columns were when it was written; null where that is not known. */
  readonly columns: readonly string[] | null;
}

/** What a look at its table adds to it. */
export type FoundRow = Pick<HeldRow, 'before' | 'after' | 'current' | 'state'> & {
  readonly trouble?: string;
};

/** As the rollback sees it: a row that is as before needs nothing, whoever has made it so. */
export function stateOf(
  { isBroken }: StoredRow,
  { isAfter, isBefore }: { readonly isAfter: boolean; readonly isBefore: boolean },
): FoundRow['state'] {
  if (isBefore) return 'as-before';
  return isAfter && !isBroken ? 'as-left' : 'dirty';
}
