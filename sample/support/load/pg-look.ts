import pg from 'pg';

/** Connections that know nothing of global transactions, for a look from outside. */
export function openPool(connectionString: string): pg.Pool {
  // An idle connection that breaks is replaced.
  return new pg.Pool({ connectionString, max: 2 }).on('error', () => undefined);
}

/** @param rows a table, if need be with a condition */
export async function countRows(pool: pg.Pool, rows: string): Promise<number> {
  const found = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${rows}`);
  return found.rows[0]?.n ?? 0;
}

/** @returns a line of text for each row */
export async function readLines(
  pool: pg.Pool,
  columns: string,
  table: string,
): Promise<readonly string[]> {
  const text = `SELECT concat_ws(' ', ${columns}) AS line FROM ${table}`;
  return (await pool.query<{ line: string }>(text)).rows.map(({ line }) => line);
}
