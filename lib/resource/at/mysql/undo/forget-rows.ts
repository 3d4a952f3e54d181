import type { SqlSession } from '../../at-engine.interface.js';
import type { StoredUndoRow } from './undo-row.js';

const CHUNK_LENGTH = 500;

/** Deletes undo rows that the session has locked. */
export async function forgetRows(
  session: SqlSession,
  rows: readonly StoredUndoRow[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += CHUNK_LENGTH) {
    const chunk = rows.slice(start, start + CHUNK_LENGTH);
    const { rowCount } = await session.query(
      `DELETE FROM dtx_undo_row WHERE ${chunk.map(() => '(tbl = ? AND pk = ?)').join(' OR ')}`,
      chunk.flatMap(({ pk, tbl }) => [tbl, pk]),
    );
    // Not a server error, so it counts as transient.
    if (rowCount !== chunk.length) throw new Error('undo rows have changed during the rollback');
  }
}
