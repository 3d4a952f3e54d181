import type { SqlSession } from '../../at-engine.interface.js';
import { IS_NO_FENCE } from '../agreement.js';
import { queryRows } from '../session.js';
import { placeholders } from '../sql-text.js';
import type { ForeignKey, TableDefinition } from '../table-definition.js';

/** An undo row as it is stored. Its images are text of ASCII, see value-codec.ts. */
export interface StoredUndoRow {
  readonly xid: string;
  readonly branchId: string;
  readonly tbl: string;
  readonly pk: string;
  /** The key as people read it. */
  readonly shown: string;
  readonly shape: string;
  readonly before: string | null;
  readonly after: string | null;
  /** Whether a change did not find the row as the one before it had left it. */
  readonly isBroken: boolean;
  /** Grows when the undo row is changed. */
  readonly changes: string;
}

/** An undo row whose table is known and still has the shape that its images are of. */
export interface UndoRow extends StoredUndoRow {
  readonly table: TableDefinition;
}

/** A row that came and went within the transaction has none, so nobody knows which one it was. */
export const hasImage = ({ after, before }: UndoRow): boolean => after !== null || before !== null;

/** A row that stays as it is, with its undo row, and why. */
export interface LeftRow {
  readonly row: StoredUndoRow;
  readonly reason: string;
}

/** Branches of one transaction. */
export interface UndoScope {
  readonly xid: string;
  readonly branchIds: readonly string[];
  /** Foreign keys of other databases that refer to tables of this one. */
  readonly fromElsewhere?: readonly ForeignKey[];
}

/** SQL of undo rows, for `storedFrom`. */
export const SELECT_UNDO_ROWS = `
SELECT u.xid AS xid, CAST(u.branch AS CHAR) AS branch, u.tbl AS tbl, u.pk AS pk,
  COALESCE(u.shown, u.pk) AS shown, CAST(u.shape AS CHAR) AS shape, u.before_image AS before_image,
  u.after_image AS after_image, u.is_broken AS is_broken, u.changes AS changes
FROM dtx_undo_row u`;

/** Undo rows of the branches, in the reverse order of the changes. */
export async function storedRows(
  session: SqlSession,
  { branchIds, xid }: UndoScope,
  lock: '' | 'FOR UPDATE',
): Promise<readonly StoredUndoRow[]> {
  const ids = placeholders(branchIds).replaceAll('?', 'CAST(? AS UNSIGNED)');
  const text =
    `${SELECT_UNDO_ROWS} FORCE INDEX (dtx_branch) ` +
    `WHERE u.xid = ? AND u.branch IN (${ids}) AND u.${IS_NO_FENCE} ORDER BY u.seq DESC`;
  const rows = await queryRows(session, `${text} ${lock}`, [xid, ...branchIds]);
  return rows.map(storedFrom);
}

/** An undo row from what SELECT_UNDO_ROWS gives. */
export function storedFrom(row: Readonly<Record<string, string | null>>): StoredUndoRow {
  return {
    xid: row['xid'] ?? '',
    branchId: row['branch'] ?? '',
    tbl: row['tbl'] ?? '',
    pk: row['pk'] ?? '',
    shown: row['shown'] ?? '',
    shape: row['shape'] ?? '',
    before: row['before_image'] ?? null,
    after: row['after_image'] ?? null,
    isBroken: row['is_broken'] === '1',
    changes: row['changes'] ?? '',
  };
}
