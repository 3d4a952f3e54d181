import type pg from 'pg';

import type { TableModel } from '../model.js';
import type { Row, Snapshot } from '../snapshot.js';
import { inOrder } from '../snapshot.js';

/** Statements that put the sequences of another database where they are in this one. */
export async function readSequences(database: pg.Pool): Promise<readonly string[]> {
  const { rows } = await database.query<{ statement: string }>(
    `SELECT format('SELECT setval(%L, %s, %s)', format('%I.%I', schemaname, sequencename),
       coalesce(last_value, start_value), (last_value IS NOT NULL)::text) AS statement
     FROM pg_sequences WHERE schemaname <> 'dtx'`,
  );
  return rows.map(({ statement }) => statement);
}

export async function takeSnapshot(
  database: pg.Pool,
  tables: readonly TableModel[],
): Promise<Snapshot> {
  const snapshot = new Map<string, readonly Row[]>();
  for (const { columns, from, name } of tables) {
    const text = `SELECT ${columns.map(({ asText }) => asText).join(', ')} FROM ${from}`;
    const { rows } = await database.query<(string | null)[]>({ text, rowMode: 'array' });
    snapshot.set(name, inOrder(rows));
  }
  return snapshot;
}

/** Makes tables what a snapshot says, whatever triggers and foreign keys think of it. */
export async function copyRows(
  database: pg.Pool,
  snapshot: Snapshot,
  tables: readonly TableModel[],
): Promise<void> {
  const statements = tables.flatMap((table) => [
    `DELETE FROM ${table.from}`,
    ...(snapshot.get(table.name) ?? []).map((row) => insertOf(table, row)),
  ]);
  const all = ['BEGIN', 'SET LOCAL session_replication_role = replica', ...statements, 'COMMIT'];
  await database.query(all.join('; '));
}

function insertOf({ columns, sql }: TableModel, row: Row): string {
  const given = columns.flatMap((column, index) =>
    column.isGenerated ? [] : [{ column, value: row[index] ?? null }],
  );
  const list = given.map(({ column }) => column.quoted).join(', ');
  const values = given.map(({ column, value }) =>
    value === null ? 'NULL' : column.literal(value),
  );
  return `INSERT INTO ${sql} (${list}) OVERRIDING SYSTEM VALUE VALUES (${values.join(', ')})`;
}

/** Takes single rows away, through a connection on which no trigger fires. */
export async function deleteRows(
  database: pg.Pool,
  table: TableModel,
  rows: readonly Row[],
): Promise<void> {
  for (const row of rows) {
    const conditions = table.columns.map(({ asText, literal, quoted }, index) => {
      const value = row[index] ?? null;
      return value === null ? `${quoted} IS NULL` : `${asText} = (${literal(value)})::text`;
    });
    await database.query(
      `DELETE FROM ${table.from} WHERE ctid IN
         (SELECT ctid FROM ${table.from} WHERE ${conditions.join(' AND ')} LIMIT 1)`,
    );
  }
}
