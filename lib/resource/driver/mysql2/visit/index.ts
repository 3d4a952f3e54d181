import { MissingPeerError } from '../../../../protocol/index.js';
import type { AtEngine } from '../../../at/index.js';
import { createMysqlEngine } from '../../../at/mysql/index.js';
import type { CorePool } from '../mysql2-driver.js';
import { SideSource } from '../side-source.js';

interface MysqlVisitOptions {
  readonly url: string;
  /** What messages call the database. */
  readonly place: string;
  readonly schemas: readonly string[] | undefined;
  readonly guard: boolean;
}

/** The engine for a MariaDB or MySQL database, for a program that is no part of the application. */
interface MysqlVisit {
  readonly engine: AtEngine;
  close(): Promise<void>;
}

/**
 * Connects when the engine is first asked.
 *
 * @throws MissingPeerError when the package mysql2 is not there
 */
export async function visitMysql({
  guard,
  place,
  schemas,
  url,
}: MysqlVisitOptions): Promise<MysqlVisit> {
  const { createPool } = await loadMysql2();
  // It reads the URL, and opens no connection before it is asked for one.
  const { config } = createPool({ uri: url }) as unknown as CorePool;
  const source = new SideSource(createPool, () => config.connectionConfig);
  const engine = createMysqlEngine({ source, resourceId: place, schemas, guard });
  return { engine, close: () => source.close() };
}

async function loadMysql2() {
  try {
    const { default: mysql2 } = await import('mysql2');
    return mysql2;
  } catch (cause) {
    const feature = 'Work on a MariaDB or MySQL database';
    throw new MissingPeerError('mysql2', feature, 'Run "npm install mysql2".', { cause });
  }
}
