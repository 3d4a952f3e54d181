import { SchemaTooNewError, SchemaTooOldError } from '../../../protocol/index.js';
import type { SqlConnection, SqlDatabase } from './sql-database.interface.js';

/** The tables of one kind of database, as they came about. */
export interface SqlSchema {
  /**
   * The statements of each migration, in their order; the place in the list, counted from 1, is the
   * version that it leads to, which its last statement writes down. Forward only, and additive: the
   * version before it goes on working beside it.
   */
  readonly migrations: readonly (readonly string[])[];
  /** 0 where there are no tables yet. */
  readVersion(connection: SqlConnection): Promise<number>;
  /** Runs the work on one connection while no other node migrates; in one transaction if it can. */
  alone(database: SqlDatabase, work: (connection: SqlConnection) => Promise<void>): Promise<void>;
}

/**
 * Brings the tables to the version that this package knows. Two nodes may do so at the same time.
 *
 * @returns the versions that were missing
 * @throws SchemaTooNewError when a newer version of the package has been there
 */
export async function migrate(
  database: SqlDatabase,
  schema: SqlSchema,
): Promise<readonly number[]> {
  // Who has nothing to do needs no right to create tables.
  const before = await missingVersions(database, database.place, schema);
  if (before.length === 0) return [];
  let missing: readonly number[] = [];
  await schema.alone(database, async (connection) => {
    // Another node may have been first.
    missing = await missingVersions(connection, database.place, schema);
    for (const version of missing) {
      for (const statement of schema.migrations[version - 1] ?? []) {
        await connection.query(statement);
      }
    }
  });
  return missing;
}

/** @throws SchemaTooOldError, SchemaTooNewError */
export async function assertSchema(database: SqlDatabase, schema: SqlSchema): Promise<void> {
  const [first] = await missingVersions(database, database.place, schema);
  if (first === undefined) return;
  throw new SchemaTooOldError(database.place, first - 1, schema.migrations.length);
}

/** The versions that the tables lack. @throws SchemaTooNewError */
export async function missingVersions(
  connection: SqlConnection,
  place: string,
  schema: SqlSchema,
): Promise<readonly number[]> {
  const known = schema.migrations.length;
  const found = await schema.readVersion(connection);
  if (found > known) throw new SchemaTooNewError(place, found, known);
  return Array.from({ length: known - found }, (_, index) => found + 1 + index);
}
