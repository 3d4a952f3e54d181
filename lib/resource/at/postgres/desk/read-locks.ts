import type { HeldLock, HeldRowFilter, SqlSession } from '../../at-engine.interface.js';
import { FENCE } from '../agreement.js';
import { queryJson } from '../session.js';
import { PICKED, pickedBy } from './undo-filter.js';

const LOCKS = `
SELECT json_build_object('xid', u.xid, 'branchId', u.branch::text, 'table', u.tbl, 'key', u.pk,
  'sinceMs', coalesce(floor(extract(epoch FROM f.changed_at) * 1000), 0)::bigint,
  'isLeft', coalesce(f.state = ${String(FENCE.undone)}, false))::text
FROM dtx.undo_row u LEFT JOIN dtx.branch_fence f ON f.xid = u.xid AND f.branch = u.branch
WHERE ${PICKED}
ORDER BY f.changed_at, u.xid, u.branch, u.tbl, u.pk LIMIT $5`;

/** The oldest first. */
export async function readLocks(
  session: SqlSession,
  filter: HeldRowFilter,
  limit: number,
): Promise<readonly HeldLock[]> {
  return queryJson(session, LOCKS, [...(await pickedBy(session, filter)), limit]);
}
