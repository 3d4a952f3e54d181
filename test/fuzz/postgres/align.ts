import type pg from 'pg';

import type { Model, TableModel } from './model.js';
import type { Row, Snapshot } from './snapshot.js';
import { quote } from './values.js';

/** Statements that put the sequences of another database where they are in this one. */
export async function readSequences(database: pg.Pool): Promise<readonly string[]> {
  const { rows } = await database.query<{ statement: string }>(
    `SELECT format('SELECT setval(%L, %s, %s)', format('%I.%I', schemaname, sequencename),
       coalesce(last_value, start_value), (last_value IS NOT NULL)::text) AS statement
     FROM pg_sequences WHERE schemaname <> 'dtx'`,
  );
  return rows.map(({ statement }) => statement);
}

export async function setSequences(
  database: pg.Pool,
  statements: readonly string[],
): Promise<void> {
  if (statements.length > 0) await database.query(statements.join('; '));
}

/** Makes tables what a snapshot says, whatever triggers and foreign keys think of it. */
export async function copyRows(
  database: pg.Pool,
  model: Model,
  snapshot: Snapshot,
  names: readonly string[],
): Promise<void> {
  const statements = model.tables
    .filter(({ name }) => names.includes(name))
    .flatMap((table) => [
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
    value === null ? 'NULL' : `${quote(value)}::${column.type}`,
  );
  return `INSERT INTO ${sql} (${list}) OVERRIDING SYSTEM VALUE VALUES (${values.join(', ')})`;
}

/** Takes single rows away, through a connection on which no trigger fires. */
export async function deleteRows(
  database: pg.Pool,
  { tables }: Model,
  name: string,
  rows: readonly Row[],
): Promise<void> {
  const table = tables.find((each) => each.name === name);
  if (table === undefined) return;
  for (const row of rows) {
    const conditions = table.columns.map(({ quoted }, index) => {
      const value = row[index] ?? null;
      return value === null ? `${quoted} IS NULL` : `${quoted}::text = ${quote(value)}`;
    });
    await database.query(
      `DELETE FROM ${table.from} WHERE ctid IN
         (SELECT ctid FROM ${table.from} WHERE ${conditions.join(' AND ')} LIMIT 1)`,
    );
  }
}
