import type { HeldRow, HeldRowFilter, SqlSession } from '../../at-engine.interface.js';
import { FENCE } from '../agreement.js';
import { findTable } from '../catalog.js';
import { queryJson } from '../session.js';
import type { TableDefinition } from '../table-definition.js';
import { shapeOf } from '../table-definition.js';
import { attempt } from '../undo/attempt.js';
import { readByName } from './read-by-name.js';
import { readByShape } from './read-by-shape.js';
import { columnsOf } from './row-text.js';
import type { FoundRow, StoredRow } from './stored-row.js';
import { PICKED, pickedBy } from './undo-filter.js';

/** The columns of a shape are `<name> <type>`, and types have no blanks that matter here. */
const STORED_ROWS = `
SELECT json_build_object('xid', u.xid, 'branchId', u.branch::text, 'table', u.tbl, 'key', u.pk,
  'shape', u.shape::text, 'before', u.before, 'after', u.after,
  'isBroken', u.expected[1] IS NOT NULL,
  'isLeft', coalesce(f.state = ${String(FENCE.undone)}, false),
  'columns', (SELECT array_agg(regexp_replace(c.name, ' [^ ]*$', '') ORDER BY c.position)
    FROM dtx.table_shape s, unnest(s.columns) WITH ORDINALITY AS c (name, position)
    WHERE s.shape = u.shape))::text
FROM dtx.undo_row u LEFT JOIN dtx.branch_fence f ON f.xid = u.xid AND f.branch = u.branch
WHERE ${PICKED}
ORDER BY u.xid, u.tbl, u.branch, u.seq LIMIT $5`;

/** Undo rows with their images and what stands in their tables now; nothing is locked. */
export async function readHeldRows(
  session: SqlSession,
  filter: HeldRowFilter,
  limit: number,
): Promise<readonly HeldRow[]> {
  const values = [...(await pickedBy(session, filter)), limit];
  const stored = await queryJson<StoredRow>(session, STORED_ROWS, values);
  const found = new Map<StoredRow, FoundRow>();
  for (const rows of groups(stored.filter((row) => !isLock(row)))) {
    for (const [row, what] of await findRows(session, rows)) found.set(row, what);
  }
  return stored.map((row) => heldRow(row, found.get(row)));
}

const isLock = ({ after, before, shape }: StoredRow): boolean =>
  shape === '0' && before === null && after === null;

type Group = [StoredRow, ...StoredRow[]];

/** Those of one transaction and one shape of a table are looked for together. */
function groups(rows: readonly StoredRow[]): readonly Group[] {
  const found = new Map<string, Group>();
  for (const row of rows) {
    const name = JSON.stringify([row.xid, row.table, row.shape]);
    const group = found.get(name);
    if (group === undefined) found.set(name, [row]);
    else group.push(row);
  }
  return [...found.values()];
}

type Finding = readonly [StoredRow, FoundRow];

async function findRows(session: SqlSession, rows: Group): Promise<readonly Finding[]> {
  const [{ shape, table: name }] = rows;
  const table = await findTable(session, name);
  if (table === undefined) return rows.map((row) => [row, asStored(row, GONE)]);
  let found: readonly Finding[] = [];
  const failure = await attempt(session, 'dtx_desk', async () => {
    found = await read(session, table, shape, rows);
  });
  if (failure === undefined) return found;
  return rows.map((row) => [row, asStored(row, `the row could not be read: ${failure.reason}`)]);
}

const GONE = 'the table is gone or has another name';

const read = (
  session: SqlSession,
  table: TableDefinition,
  shape: string,
  rows: readonly StoredRow[],
): Promise<readonly Finding[]> =>
  shapeOf(table) === shape ? readByShape(session, table, rows) : readByName(session, table, rows);

/** What is known without the table. */
function asStored({ after, before, columns }: StoredRow, trouble: string): FoundRow {
  return {
    before: columnsOf(before, columns ?? undefined),
    after: columnsOf(after, columns ?? undefined),
    current: undefined,
    state: 'dirty',
    trouble,
  };
}

function heldRow(row: StoredRow, found: FoundRow | undefined): HeldRow {
  const { branchId, isLeft, key, table, xid } = row;
  const lock = { before: undefined, after: undefined, current: undefined, state: 'lock' } as const;
  return { xid, branchId, table, key, isLeft, ...(found ?? lock) };
}
