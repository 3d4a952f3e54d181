import type { TableDefinition } from '../table-definition.js';

/** A change that phase two takes back. Its images stay in the database. */
export interface UndoRow {
  readonly branchId: string;
  readonly table: TableDefinition;
  readonly key: string;
  /** Grows when the undo row is changed: it must be deleted only as it was read. */
  readonly version: string;
  /** Whether there was a row before the branch. */
  readonly hasBefore: boolean;
  /** Whether the branch has left one. */
  readonly hasAfter: boolean;
  /** Columns in which the row is not as it was before, where there is one. */
  readonly changed: readonly string[];
}

/** What is done to a row to give it its before image. */
export type RestoreAction = 'delete' | 'update' | 'insert' | 'replace';

/** A row and what is to be done to it. */
export interface RestoreOrder {
  readonly row: UndoRow;
  readonly action: RestoreAction;
  /** What an update gives back. */
  readonly columns: readonly string[];
}

/** The action that takes the row from one state to another. */
export function actionFor(isThere: boolean, hasBefore: boolean): RestoreAction {
  if (!hasBefore) return 'delete';
  return isThere ? 'update' : 'insert';
}

/** A row that stays as it is, with its undo row, and why. */
export interface LeftRow {
  readonly branchId: string;
  readonly tableName: string;
  readonly key: string;
  readonly reason: string;
}
