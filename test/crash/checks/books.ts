import Database from 'better-sqlite3';
import type { RowDataPacket } from 'mysql2/promise';

import type { World } from '../world/world.js';

/** Of one transfer: what stands in the books. */
export interface Entry {
  readonly id: number;
  /** Of P1 and P2. */
  readonly balances: readonly (number | undefined)[];
  readonly bookings: readonly (number | undefined)[];
}

/** A session as the coordinator's records have it. */
export interface SessionRecord {
  readonly xid: string;
  readonly status: string;
  readonly isEnded: boolean;
  readonly needsAttention: boolean;
  /** As they stand in the record. */
  readonly branches: string;
}

/** What must be gone in the end. */
export interface Left {
  readonly sessions: number;
  readonly undoRows: number;
  /** Of branches that are decided, or were never undone: neither tombstones nor undone ones. */
  readonly fences: number;
  readonly prepared: number;
}

const SESSION_COLUMNS = 'xid, status, ended_at_ms AS ended, attention_count AS attention, branches';

interface SessionRow {
  readonly xid: string;
  readonly status: string;
  readonly ended: unknown;
  readonly attention: unknown;
  readonly branches: unknown;
}

/** Reads the coordinator's records behind its back. */
export async function sessionsOf({
  store,
  storeFile,
  storePool,
}: World): Promise<readonly SessionRecord[]> {
  const rows =
    store() === 'file'
      ? rowsOfFile(storeFile)
      : (await storePool.query<SessionRow>(OF_DATABASE)).rows;
  return rows.map(({ attention, branches, ended, status, xid }) => ({
    xid,
    status,
    isEnded: ended !== null,
    needsAttention: Number(attention) > 0,
    branches: typeof branches === 'string' ? branches : JSON.stringify(branches),
  }));
}

const OF_DATABASE = `SELECT ${SESSION_COLUMNS} FROM dtx_coordinator.session`;

function rowsOfFile(file: string): readonly SessionRow[] {
  const database = new Database(file, { readonly: true, fileMustExist: true });
  try {
    return database.prepare(`SELECT ${SESSION_COLUMNS} FROM session`).all() as SessionRow[];
  } finally {
    database.close();
  }
}

export async function entriesOf(world: World, ids: readonly number[]): Promise<readonly Entry[]> {
  const places = ids.join(', ');
  const text = (table: string, column: string): string =>
    `SELECT id, ${column} AS n FROM ${table} WHERE id IN (${places})`;
  const [balances, bookings] = await Promise.all(
    [text('account', 'balance'), text('booking', 'amount')].map((sql) => inBoth(world, sql)),
  );
  return ids.map((id) => ({
    id,
    balances: (balances ?? []).map((side) => side.get(id)),
    bookings: (bookings ?? []).map((side) => side.get(id)),
  }));
}

type Numbers = ReadonlyMap<number, number>;

async function inBoth({ left, right }: World, sql: string): Promise<readonly Numbers[]> {
  const { rows } = await left.query<{ id: number; n: string }>(sql);
  const [found] = await right.query<RowDataPacket[]>(sql);
  const numbers = (list: readonly unknown[]): Numbers =>
    new Map((list as { id: number; n: unknown }[]).map(({ id, n }) => [id, Number(n)]));
  return [numbers(rows), numbers(found)];
}

/** A fence that phase two of a rollback has left stays until it is too old to be asked for. */
const UNDO_ROWS = ['dtx.undo_row', 'dtx_undo_row'];
const FENCES = ['dtx.branch_fence', 'dtx_branch_fence'];

const FENCE_COMMITTED = 1;

export async function leftOf(world: World): Promise<Left> {
  const sessions = await sessionsOf(world);
  const open = sessions.filter(({ isEnded, needsAttention }) => !isEnded && !needsAttention);
  const [undoRows, fences, prepared] = await Promise.all([
    total(world, UNDO_ROWS, ''),
    total(world, FENCES, `WHERE state = ${String(FENCE_COMMITTED)}`),
    preparedOf(world),
  ]);
  return { sessions: open.length, undoRows, fences, prepared };
}

/** In both databases; a data source of XA has no such table. */
async function total(
  { left, right }: World,
  [ofLeft = '', ofRight = '']: readonly string[],
  where: string,
): Promise<number> {
  const [has] = (await left.query(`SELECT to_regclass('${ofLeft}') AS oid`)).rows as {
    readonly oid: unknown;
  }[];
  const [tables] = await right.query<RowDataPacket[]>(`SHOW TABLES LIKE '${ofRight}'`);
  const count = (table: string): string => `SELECT count(*) AS n FROM ${table} ${where}`;
  const onLeft = has?.oid ? (await left.query<{ n: string }>(count(ofLeft))).rows[0]?.n : 0;
  const onRight =
    tables.length > 0 ? (await right.query<RowDataPacket[]>(count(ofRight)))[0][0]?.['n'] : 0;
  return Number(onLeft) + Number(onRight);
}

async function preparedOf({ left, right }: World): Promise<number> {
  const { rows } = await left.query('SELECT gid FROM pg_prepared_xacts');
  const [found] = await right.query<RowDataPacket[]>('XA RECOVER');
  return rows.length + found.length;
}

/** What a person would do: the rows stay as they are. */
export async function forgetUndoRows({ left, right }: World): Promise<void> {
  const [leftTables, rightTables] = [0, 1].map((side) => [UNDO_ROWS[side], FENCES[side]]);
  for (const table of leftTables ?? []) await left.query(`DELETE FROM ${table ?? ''}`).catch(none);
  for (const table of rightTables ?? [])
    await right.query(`DELETE FROM ${table ?? ''}`).catch(none);
}

/** A data source of XA has no such tables. */
const none = (): void => undefined;
