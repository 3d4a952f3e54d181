import type { SqlSession } from '../../at-engine.interface.js';
import { SCHEMA_VERSION } from '../agreement.js';
import { tablesOf } from '../catalog.js';
import { queryRows } from '../session.js';
import type { TableDefinition } from '../table-definition.js';
import { RAISE_VERSION, missingTables } from './own-tables.js';
import type { PlanScope, TablePlan } from './plan-table.js';
import { planTable } from './plan-table.js';
import { upgradeOf } from './upgrade.js';

/** A database as the installation finds it, and what it lacks. */
export interface DatabaseState {
  readonly database: string;
  readonly version: number;
  /** Our tables, or some of them, are those of an earlier version. */
  readonly isOld: boolean;
  readonly tables: readonly TableDefinition[];
  readonly seesTriggers: boolean;
  /** Those of ours that are there. */
  readonly ownTables: ReadonlySet<string>;
  readonly ownStatements: readonly string[];
  readonly plans: readonly TablePlan[];
}

/** Reads only. */
export async function databaseState(session: SqlSession, guard: boolean): Promise<DatabaseState> {
  const [server] = await queryRows(session, 'SELECT DATABASE() AS name, VERSION() AS version');
  const isMariadb = /mariadb/i.test(server?.['version'] ?? '');
  const own = await ownTables(session);
  const isReady = own.has('dtx_schema_version');
  const tables = await tablesOf(session);
  const recorded = own.has('dtx_table_shape')
    ? await recordedHashes(session)
    : new Map<string, string>();
  // Without the privilege their names can be seen, but not what they do.
  const isRead = tables.some(({ triggers }) => triggers.some(({ hash }) => hash !== undefined));
  const seesTriggers = recorded.size === 0 || isRead || (await mayCreateTriggers(session));
  const scope: PlanScope = {
    tables: new Map(tables.map((table) => [table.name, table])),
    guard,
    isolation: isMariadb ? 'tx_isolation' : 'transaction_isolation',
    isMariadb,
    recorded,
    seesTriggers,
  };
  const version = isReady ? await installedVersion(session) : SCHEMA_VERSION;
  const missing = missingTables(own);
  const { compatible, rest } = await upgradeOf(session, own);
  const raise = missing.length === 0 && version < SCHEMA_VERSION ? [RAISE_VERSION] : missing;
  return {
    database: server?.['name'] ?? '',
    version,
    tables,
    seesTriggers,
    ownTables: own,
    isOld: version < SCHEMA_VERSION || compatible.length + rest.length > 0,
    // Whoever may not do the first has changed nothing yet. The version comes before what processes
    // of an older one could not work with, so that none of them starts on that.
    ownStatements: [...compatible, ...raise, ...rest],
    plans: tables.map((table) => planTable(table, scope)),
  };
}

async function ownTables(session: SqlSession): Promise<ReadonlySet<string>> {
  const rows = await queryRows<'name'>(
    session,
    `SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name LIKE 'dtx\\\\_%'`,
  );
  return new Set(rows.map(({ name }) => name ?? ''));
}

async function recordedHashes(session: SqlSession): Promise<ReadonlyMap<string, string>> {
  const rows = await queryRows<'shape' | 'hash'>(
    session,
    'SELECT CAST(shape AS CHAR) AS shape, hash AS hash FROM dtx_table_shape',
  );
  return new Map(rows.map(({ hash, shape }) => [shape ?? '', hash ?? '']));
}

async function installedVersion(session: SqlSession): Promise<number> {
  const [row] = await queryRows<'version'>(
    session,
    'SELECT MAX(version) AS version FROM dtx_schema_version',
  );
  return Number(row?.version ?? 0);
}

/** Whether the whole database, or the server, is granted; a grant on single tables is not seen. */
async function mayCreateTriggers(session: SqlSession): Promise<boolean> {
  const rows = await queryRows<'name'>(
    session,
    `SELECT privilege_type AS name FROM information_schema.user_privileges
     WHERE privilege_type = 'TRIGGER'
     UNION ALL SELECT privilege_type FROM information_schema.schema_privileges
     WHERE privilege_type = 'TRIGGER' AND table_schema = DATABASE()`,
  );
  return rows.length > 0;
}
