import { Inject, Injectable } from '@nestjs/common';
import { GlobalLock, GlobalTransactional } from 'nestjs-dtx';
import pg from 'pg';

export const LEFT_BANK = 'LEFT_BANK';
export const RIGHT_BANK = 'RIGHT_BANK';

/** Money that goes from one database to the other; a negative amount goes back. */
export interface Transfer {
  readonly id: number;
  readonly leftAccount: number;
  readonly rightAccount: number;
  readonly amount: number;
  /** Where it fails: before the second database, behind it, or not at all. */
  readonly failure: 'between' | 'after' | undefined;
  /** Which database is written first. Two orders make circles of waiting transactions. */
  readonly order: 'left-first' | 'right-first';
}

/** What a worker makes fail on purpose. */
export class PlannedFailure extends Error {
  override readonly name = 'PlannedFailure';
}

/** The two halves of a bank, in a database each. */
@Injectable()
export class BankService {
  constructor(
    @Inject(LEFT_BANK) private readonly left: pg.Pool,
    @Inject(RIGHT_BANK) private readonly right: pg.Pool,
  ) {}

  @GlobalTransactional({ name: 'transfer', timeoutMs: 20_000 })
  async transfer({ id, leftAccount, rightAccount, amount, failure, order }: Transfer) {
    const steps = [
      () => book(this.left, id, leftAccount, -amount),
      () => book(this.right, id, rightAccount, amount),
    ];
    if (order === 'right-first') steps.reverse();
    for (const step of steps) {
      await step();
      if (failure === 'between') throw new PlannedFailure('between the two databases');
    }
    if (failure === 'after') throw new PlannedFailure('behind both databases');
  }

  /**
   * All money there is. Both local transactions are open until both have been read, so the two sums
   * are of one moment: whoever has written to one half only holds a row of it.
   */
  @GlobalLock({ lockWaitTimeoutMs: 1_000 })
  async total(): Promise<number> {
    return await inTransaction(this.left, async (left) => {
      const first = await lockedSum(left);
      return first + (await inTransaction(this.right, lockedSum));
    });
  }
}

/** A booking is a row of the journal and a change of the balance, in one local transaction. */
function book(pool: pg.Pool, transfer: number, account: number, amount: number): Promise<void> {
  return inTransaction(pool, async (client) => {
    await client.query('UPDATE account SET balance = balance + $2 WHERE id = $1', [
      account,
      amount,
    ]);
    await client.query('INSERT INTO booking (transfer, account, amount) VALUES ($1, $2, $3)', [
      transfer,
      account,
      amount,
    ]);
  });
}

async function lockedSum(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ balance: string }>(
    'SELECT balance FROM account ORDER BY id FOR UPDATE',
  );
  return rows.reduce((sum, { balance }) => sum + Number(balance), 0);
}

async function inTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // The connection may be gone, and then so is the transaction.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
