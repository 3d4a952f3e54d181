import { MissingPeerError } from '../../../../protocol/index.js';
import type { AtEngine } from '../../../at/index.js';
import { createPostgresEngine } from '../../../at/postgres/index.js';
import { SideSource } from '../side-source.js';

interface PostgresVisitOptions {
  readonly url: string;
  /** What messages call the database. */
  readonly place: string;
  readonly schemas: readonly string[] | undefined;
  readonly guard: boolean;
}

/** The engine for a PostgreSQL database, for a program that is no part of the application. */
interface PostgresVisit {
  readonly engine: AtEngine;
  close(): Promise<void>;
}

/**
 * Connects when the engine is first asked.
 *
 * @throws MissingPeerError when the package pg is not there
 */
export async function visitPostgres({
  guard,
  place,
  schemas,
  url,
}: PostgresVisitOptions): Promise<PostgresVisit> {
  const { Pool } = await loadPg();
  const config = { connectionString: url, application_name: 'nestjs-dtx' };
  const source = new SideSource(Pool, () => config);
  const engine = createPostgresEngine({ source, resourceId: place, schemas, guard });
  return { engine, close: () => source.close() };
}

async function loadPg() {
  try {
    const { default: pg } = await import('pg');
    return pg;
  } catch (cause) {
    throw new MissingPeerError('pg', 'Work on a PostgreSQL database', 'Run "npm install pg".', {
      cause,
    });
  }
}
