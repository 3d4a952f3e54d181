import type { SqlSession } from '../../at-engine.interface.js';
import { IS_NO_FENCE, LOCK_SHAPE } from '../agreement.js';
import { queryRows } from '../session.js';
import { BRANCH_KEY, SINCE_VERSION_3 } from './own-tables.js';

/** Tables that earlier versions had. */
export const FORMER_TABLES = ['dtx_branch_fence'];

/** Fences were a table of their own, of one row for each branch. */
const MOVE_FENCES = `
INSERT IGNORE INTO dtx_undo_row (tbl, pk, xid, branch, seq, nth, shape, state, written_at)
SELECT '', CONCAT(xid, '/', branch), xid, branch, UUID_SHORT(), 0, ${LOCK_SHAPE}, state, changed_at
FROM dtx_branch_fence`;

/** What brings tables of an earlier version up to date. */
interface Upgrade {
  /** Processes of that version go on working behind these. */
  readonly compatible: readonly string[];
  readonly rest: readonly string[];
}

/**
 * Statements that bring tables of an earlier version up to date, undo rows and all. Each of them
 * may be the last one for now: the next time those behind it are still there.
 *
 * The table of the fences goes before the key comes: triggers of that version fail without it,
 * while with the key they would leave out rows.
 */
export async function upgradeOf(session: SqlSession, own: ReadonlySet<string>): Promise<Upgrade> {
  if (!own.has('dtx_undo_row')) return { compatible: [], rest: [] };
  const columns = Object.entries(SINCE_VERSION_3);
  const hasColumns = await finds(session, HAS_COLUMN, columns.at(-1)?.[0]);
  const add = columns.map(([name, type]) => `ADD COLUMN ${name} ${type}`).join(', ');
  const isUnique = await finds(session, IS_UNIQUE);
  const changeKey = [
    `UPDATE dtx_undo_row SET nth = UUID_SHORT() WHERE ${IS_NO_FENCE}`,
    `ALTER TABLE dtx_undo_row DROP KEY dtx_branch, ADD ${BRANCH_KEY}`,
  ];
  const moveFences = [MOVE_FENCES.trim(), 'DROP TABLE dtx_branch_fence'];
  return {
    compatible: hasColumns ? [] : [`ALTER TABLE dtx_undo_row ${add}`],
    rest: [...(own.has('dtx_branch_fence') ? moveFences : []), ...(isUnique ? [] : changeKey)],
  };
}

const HAS_COLUMN = `
SELECT 1 AS n FROM information_schema.columns
WHERE table_schema = DATABASE() AND table_name = 'dtx_undo_row' AND column_name = ?`;

const IS_UNIQUE = `
SELECT 1 AS n FROM information_schema.statistics
WHERE table_schema = DATABASE() AND table_name = 'dtx_undo_row' AND index_name = 'dtx_branch'
  AND non_unique = 0`;

async function finds(session: SqlSession, text: string, ...values: unknown[]): Promise<boolean> {
  return (await queryRows(session, text, values)).length > 0;
}
