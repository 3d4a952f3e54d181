import type pg from 'pg';

/** A row of the table that no triggers are on. */
export const UPDATE_APART = 'UPDATE apart.account SET balance = balance + 1 WHERE id = $1';
export const UPDATE_CAPTURED = 'UPDATE account SET balance = balance + 1 WHERE id = $1';

/** BEGIN, one statement about one row, COMMIT. */
export async function localTransaction(pool: pg.Pool, text: string, id: number): Promise<void> {
  const client = await pool.connect();
  let isDone = false;
  try {
    await client.query('BEGIN');
    await client.query(text, [id]);
    await client.query('COMMIT');
    isDone = true;
  } finally {
    // What has failed may have left a transaction open.
    if (!isDone) await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}
