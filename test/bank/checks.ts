import type pg from 'pg';

import type { BankWorld } from './world.js';
import { ACCOUNTS, BALANCE } from './world.js';
import type { Findings } from './workers.js';
import { TOTAL } from './workers.js';

/** Longer than any fence of a rollback is needed for: none may be older at the end. */
const FENCE_AGE_MAX = '7 days';

/** Whether the books agree with each other and with what the workers were told. */
export async function findViolations(
  { databases }: BankWorld,
  { committed }: Findings,
): Promise<readonly string[]> {
  const violations: string[] = [];
  let total = 0;
  for (const database of databases) {
    total += await numberOf(database, 'SELECT sum(balance) FROM account');
    const wrong = await numberOf(
      database,
      `SELECT count(*) FROM account a WHERE a.balance <> ${String(BALANCE)} +
         (SELECT coalesce(sum(b.amount), 0) FROM booking b WHERE b.account = a.id)`,
    );
    if (wrong > 0) violations.push(`${wrong} of ${ACCOUNTS} balances are not their bookings`);
    const booked = await database.query<{ transfer: number }>('SELECT transfer FROM booking');
    const found = new Set(booked.rows.map(({ transfer }) => transfer));
    const missing = [...committed].filter((id) => !found.has(id)).length;
    const surplus = [...found].filter((id) => !committed.has(id)).length;
    if (missing > 0) violations.push(`${missing} committed transfers are not booked`);
    if (surplus > 0) violations.push(`${surplus} transfers are booked that were rolled back`);
  }
  if (total !== TOTAL) violations.push(`the total is ${total} instead of ${TOTAL}`);
  return violations;
}

/** Undo rows, which are the locks, and fences past their age. */
export async function countLeft({ databases }: BankWorld): Promise<number> {
  let left = 0;
  for (const database of databases) {
    left += await numberOf(database, 'SELECT count(*) FROM dtx.undo_row');
    left += await numberOf(
      database,
      `SELECT count(*) FROM dtx.branch_fence
       WHERE state = 1 OR changed_at < now() - interval '${FENCE_AGE_MAX}'`,
    );
  }
  return left;
}

async function numberOf(database: pg.Pool, text: string): Promise<number> {
  const { rows } = await database.query<Record<string, string>>(text);
  return Number(Object.values(rows[0] ?? {})[0]);
}
