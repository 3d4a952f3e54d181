import type { RowDataPacket } from 'mysql2/promise';

import { deltaOf } from '../process/messages.js';
import type { BranchMode } from '../process/messages.js';
import type { World } from '../world/world.js';

/** Of every account and purse before its only transfer. */
export const BALANCE = 100;

export type Outcome = 'committed' | 'rolled-back';

/** What one branch of a transfer has left in its database. */
export interface Part {
  readonly role: 'P1' | 'P2';
  readonly mode: BranchMode;
  /** Undefined: half of it, or more than all. */
  readonly outcome: Outcome | undefined;
  readonly balance: number | undefined;
  /** The booking of an account; what is reserved in a purse. */
  readonly amount: number | undefined;
  /** In a purse: what was done, in this order. */
  readonly movements: readonly string[];
}

/** What stands in the books of one transfer. */
export interface Entry {
  readonly id: number;
  readonly parts: readonly Part[];
}

type Role = Part['role'];
type Row = Readonly<Record<string, unknown>>;

export async function entriesOf(world: World, ids: readonly number[]): Promise<readonly Entry[]> {
  const roles: readonly Role[] = ['P1', 'P2'];
  const read = roles.flatMap((role) =>
    world.modes[role].map((mode) =>
      mode === 'TCC' ? pursesOf(world, role, ids) : accountsOf(world, { role, mode, ids }),
    ),
  );
  const parts = await Promise.all(read);
  return ids.map((id) => ({
    id,
    parts: parts.map((byId) => byId.get(id)).filter((part) => part !== undefined),
  }));
}

type Parts = ReadonlyMap<number, Part>;

interface Wanted {
  readonly role: Role;
  readonly mode: BranchMode;
  readonly ids: readonly number[];
}

async function accountsOf(world: World, { ids, mode, role }: Wanted): Promise<Parts> {
  const rows = await rowsAt(
    world,
    role,
    `SELECT a.id AS id, balance, amount FROM account a LEFT JOIN booking b ON b.id = a.id
      WHERE a.id IN (${ids.join(', ')})`,
  );
  const found = new Map(rows.map((row) => [Number(row['id']), row]));
  return new Map(
    ids.map((id) => {
      const row = found.get(id);
      const balance = numberOf(row?.['balance']);
      const amount = numberOf(row?.['amount']);
      const isDone = balance === BALANCE + deltaOf(role) && amount === deltaOf(role);
      const isUndone = balance === BALANCE && amount === undefined;
      return [
        id,
        { role, mode, balance, amount, movements: [], outcome: outcome(isDone, isUndone) },
      ];
    }),
  );
}

/** A purse that was only tried is none of both. */
async function pursesOf(world: World, role: Role, ids: readonly number[]): Promise<Parts> {
  const list = ids.join(', ');
  const [purses, movements] = await Promise.all([
    rowsAt(world, role, `SELECT id, balance, reserved FROM purse WHERE id IN (${list})`),
    rowsAt(world, role, `SELECT purse, what FROM movement WHERE purse IN (${list}) ORDER BY n`),
  ]);
  return new Map(
    purses.map((row) => {
      const id = Number(row['id']);
      const balance = numberOf(row['balance']);
      const amount = numberOf(row['reserved']);
      const done = movements
        .filter(({ purse }) => Number(purse) === id)
        .map(({ what }) => String(what));
      const isDone =
        balance === BALANCE + deltaOf(role) && amount === 0 && String(done) === 'try,confirm';
      const isUndone =
        balance === BALANCE && amount === 0 && ['', 'try,cancel'].includes(String(done));
      const part = { role, balance, amount, movements: done, outcome: outcome(isDone, isUndone) };
      return [id, { ...part, mode: 'TCC' }];
    }),
  );
}

function outcome(isDone: boolean, isUndone: boolean): Outcome | undefined {
  if (isDone) return 'committed';
  return isUndone ? 'rolled-back' : undefined;
}

const numberOf = (value: unknown): number | undefined =>
  value === undefined || value === null ? undefined : Number(value);

async function rowsAt({ left, right }: World, role: Role, sql: string): Promise<readonly Row[]> {
  if (role === 'P1') return (await left.query<Record<string, unknown>>(sql)).rows;
  return (await right.query<RowDataPacket[]>(sql))[0];
}

/** Accounts and purses of new transfers, in both databases. */
export async function openAccounts({ left, right }: World, ids: readonly number[]): Promise<void> {
  const accounts = ids.map((id) => `(${String(id)}, ${String(BALANCE)})`).join(', ');
  const purses = ids.map((id) => `(${String(id)}, ${String(BALANCE)}, 0)`).join(', ');
  for (const sql of [
    `INSERT INTO account (id, balance) VALUES ${accounts}`,
    `INSERT INTO purse (id, balance, reserved) VALUES ${purses}`,
  ]) {
    await left.query(sql);
    await right.query(sql);
  }
}

/** Nothing may stay reserved: how many purses of all there are do. */
export async function reservedCount(world: World): Promise<number> {
  const sql = 'SELECT count(*) AS n FROM purse WHERE reserved <> 0';
  const counts = await Promise.all([rowsAt(world, 'P1', sql), rowsAt(world, 'P2', sql)]);
  return counts.reduce((sum, [row]) => sum + Number(row?.['n']), 0);
}
