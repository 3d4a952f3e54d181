import type { PoolClient } from 'pg';

import type { LockConflict } from '../../../lib/protocol/index.js';
import { GUARDED } from '../../../lib/resource/at/index.js';
import type { AtDatabase } from './at-database.js';
import { failureOf, newTag } from './at-database.js';

/** The conflict that a branch of another transaction meets, if it meets one. */
export async function conflictOf(
  database: AtDatabase,
  ...statements: readonly string[]
): Promise<LockConflict | undefined> {
  const error = await failureOf(database.branch(newTag(), ...statements));
  return conflictIn(database, error);
}

/** The conflict that an error tells of. Any other error is thrown. */
export function conflictIn(database: AtDatabase, error: unknown): LockConflict | undefined {
  if (error === undefined) return undefined;
  const met = database.engine.explain(error);
  if (met?.kind !== 'lock-conflict') throw error as Error;
  return met.conflict;
}

/** Begins a local transaction under the global lock alone. */
export async function beginGuarded(database: AtDatabase, begin = 'BEGIN'): Promise<PoolClient> {
  const client = await database.connect();
  await client.query(`${begin}; ${database.engine.tagStatement(GUARDED)}`);
  return client;
}

/** What work under the global lock alone meets, as conflictOf() tells it. */
export async function guardedConflictOf(
  database: AtDatabase,
  statement: string,
): Promise<LockConflict | undefined> {
  const client = await beginGuarded(database);
  const error = await failureOf(client.query(statement));
  await client.query(error === undefined ? 'COMMIT' : 'ROLLBACK');
  return conflictIn(database, error);
}
