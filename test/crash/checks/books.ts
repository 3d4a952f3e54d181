import Database from 'better-sqlite3';
import type { RowDataPacket } from 'mysql2/promise';

import type { World } from '../world/world.js';
import { ORPHAN_ID } from '../orphan.js';
import { reservedCount } from './entries.js';

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
  /** Fences of tries that nobody has ended. */
  readonly tries: number;
  /** Bookings of a branch that must never be committed. */
  readonly orphans: number;
  /** Purses with something reserved in them. */
  readonly reserved: number;
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

/** A fence that phase two of a rollback has left stays until it is too old to be asked for. */
const UNDO_ROWS = ['dtx.undo_row', 'dtx_undo_row'];
const FENCES = ['dtx.branch_fence', 'dtx_undo_row'];

/** On MariaDB fences stand among the undo rows, as rows of no table. */
const IS_UNDO_ROW = ['', "WHERE tbl <> ''"];
const IS_OPEN = ['WHERE state = 1', "WHERE state = 1 AND tbl = ''"];

const BOOKINGS = ['booking', 'booking'];

const TCC_FENCES = ['dtx.tcc_fence', 'dtx_tcc_fence'];

/** States of a fence of TCC, as docs/tcc.md has them. */
const TCC_STATES: Readonly<Record<number, string>> = {
  1: 'tried',
  2: 'confirmed',
  3: 'cancelled',
  4: 'tombstone',
};

const TCC_TRIED = 1;

export async function leftOf(world: World): Promise<Left> {
  const sessions = await sessionsOf(world);
  const open = sessions.filter(({ isEnded, needsAttention }) => !isEnded && !needsAttention);
  const [undoRows, fences, prepared, tries, reserved, orphans] = await Promise.all([
    total(world, UNDO_ROWS, IS_UNDO_ROW),
    total(world, FENCES, IS_OPEN),
    preparedOf(world),
    total(world, TCC_FENCES, both(`WHERE state = ${String(TCC_TRIED)}`)),
    reservedCount(world),
    total(world, BOOKINGS, both(`WHERE id = ${String(ORPHAN_ID)}`)),
  ]);
  return { sessions: open.length, undoRows, fences, prepared, tries, reserved, orphans };
}

/** How the fences of the TCC branches of each transaction stand. */
export async function tccFencesOf(world: World): Promise<ReadonlyMap<string, readonly string[]>> {
  const states = new Map<string, string[]>();
  for (const row of await rowsOf(world, TCC_FENCES, 'xid AS xid, state AS state', both(''))) {
    const xid = String(row['xid']);
    const state = TCC_STATES[Number(row['state'])] ?? String(row['state']);
    states.set(xid, [...(states.get(xid) ?? []), state]);
  }
  return states;
}

const both = (where: string): readonly string[] => [where, where];

async function total(
  world: World,
  tables: readonly string[],
  where: readonly string[],
): Promise<number> {
  const rows = await rowsOf(world, tables, 'count(*) AS n', where);
  return rows.reduce((sum, row) => sum + Number(row['n']), 0);
}

/** In both databases; some kinds of data source have no such table. */
async function rowsOf(
  { left, right }: World,
  [ofLeft = '', ofRight = '']: readonly string[],
  columns: string,
  [whereLeft = '', whereRight = '']: readonly string[],
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const [has] = (await left.query(`SELECT to_regclass('${ofLeft}') AS oid`)).rows as {
    readonly oid: unknown;
  }[];
  const [tables] = await right.query<RowDataPacket[]>(`SHOW TABLES LIKE '${ofRight}'`);
  const text = (table: string, where: string): string => `SELECT ${columns} FROM ${table} ${where}`;
  const onLeft = has?.oid ? (await left.query<RowDataPacket>(text(ofLeft, whereLeft))).rows : [];
  const onRight =
    tables.length > 0 ? (await right.query<RowDataPacket[]>(text(ofRight, whereRight)))[0] : [];
  return [...onLeft, ...onRight];
}

async function preparedOf({ left, right }: World): Promise<number> {
  const { rows } = await left.query('SELECT gid FROM pg_prepared_xacts');
  const [found] = await right.query<RowDataPacket[]>('XA RECOVER');
  return rows.length + found.length;
}

/** What a person would do: the rows stay as they are, and nothing is reserved any more. */
export async function forgetLeft({ left, right }: World): Promise<void> {
  const [leftTables = [], rightTables = []] = [0, 1].map((side) =>
    [UNDO_ROWS, FENCES, TCC_FENCES].map((tables) => tables[side] ?? ''),
  );
  for (const table of leftTables) await left.query(`DELETE FROM ${table}`).catch(none);
  for (const table of rightTables) await right.query(`DELETE FROM ${table}`).catch(none);
  await left.query('UPDATE purse SET reserved = 0');
  await right.query('UPDATE purse SET reserved = 0');
}

/** Some kinds of data source have no such tables. */
const none = (): void => undefined;
