import { AtInstallError, SchemaTooNewError } from '../../../../protocol/index.js';
import type { InstallPlan, InstallReport, TableStatus } from '../../at-engine.interface.js';
import { FENCE_TABLE, SCHEMA_VERSION, UNDO_TABLE, VERSION_TABLE } from '../agreement.js';
import { tablesOf } from '../catalog.js';
import { rowsOf } from '../read-rows.js';
import { lockableIndexes } from '../capture/unique-locks.js';
import { referencesAmong } from '../references.js';
import type { CapturedConnection, SqliteDatabase } from '../sqlite-database.interface.js';
import type { TableDefinition } from '../table-definition.js';
import { refusalReason } from '../table-definition.js';
import { inTransaction, installedVersion, missingTables } from './our-tables.js';

/**
 * Sets up our tables. There is little to do: the triggers are temporary, and each connection makes
 * its own.
 *
 * @throws AtInstallError, SchemaTooNewError
 */
export function install(
  connection: CapturedConnection,
  resourceId: string,
  mode: 'mend' | 'check',
): InstallReport {
  const { database } = connection;
  assertVersion(database, resourceId);
  connection.renewTriggers(mode);
  if (mode === 'check' && missingTables(database).length > 0) {
    throw new AtInstallError(
      resourceId,
      `its tables are missing in the file. Run "npx nestjs-dtx at install", or start the ` +
        `application once with install: 'mend'.`,
    );
  }
  const tables = tablesOf(database);
  return {
    capturedTables: tables.filter(isCaptured).map(({ name }) => name),
    warnings: warningsOf(tables),
  };
}

/** What install() would do. */
export function plan({ database }: CapturedConnection): InstallPlan {
  const tables = tablesOf(database);
  const statements = missingTables(database);
  return {
    statements,
    tables: tables.map((table) => statusOf(table, statements.length > 0)),
    warnings: warningsOf(tables),
  };
}

/** @throws AtInstallError while undo rows are left */
export function uninstall(connection: CapturedConnection, resourceId: string): void {
  const { database } = connection;
  const isThere = missingTables(database).length === 0;
  const [held] = isThere
    ? rowsOf<{ count: string }>(database, `SELECT count(*) || '' AS count FROM main.${UNDO_TABLE}`)
    : [];
  if (held !== undefined && held.count !== '0') {
    throw new AtInstallError(
      resourceId,
      `${held.count} undo rows are left in the file, so transactions are undecided or need a ` +
        `person. End them first.`,
    );
  }
  connection.dropTriggers();
  inTransaction(database, () => {
    for (const table of [UNDO_TABLE, FENCE_TABLE, VERSION_TABLE]) {
      database.exec(`DROP TABLE IF EXISTS main.${table}`);
    }
  });
  // Otherwise the next local transaction would create them again.
  connection.renewTriggers('check');
}

function assertVersion(database: SqliteDatabase, resourceId: string): void {
  const version = installedVersion(database) ?? SCHEMA_VERSION;
  if (version <= SCHEMA_VERSION) return;
  throw new SchemaTooNewError(
    `The tables dtx_… in the file of ${resourceId}`,
    version,
    SCHEMA_VERSION,
  );
}

const isCaptured = (table: TableDefinition): boolean => refusalReason(table) === undefined;

function statusOf(table: TableDefinition, isMissing: boolean): TableStatus {
  const reason = refusalReason(table);
  if (reason !== undefined) return { table: table.name, state: 'refused', note: reason };
  return { table: table.name, state: isMissing ? 'missing' : 'captured' };
}

function warningsOf(tables: readonly TableDefinition[]): readonly string[] {
  const references = referencesAmong(tables);
  return tables.flatMap((table) => {
    const reason = refusalReason(table);
    if (reason !== undefined) return [`Writes are refused: ${reason}`];
    const locked = lockableIndexes(table);
    const unlocked = [
      ...table.unreadableIndexes,
      ...table.uniqueIndexes.filter((index) => !locked.includes(index)).map(({ name }) => name),
    ];
    const unknown = table.foreignKeys.filter(
      (foreignKey) => !references.some((reference) => reference.foreignKey === foreignKey),
    );
    return [
      ...unlocked.map(
        (name) =>
          `Values of the unique index ${name} of ${table.name} are not locked, since it ` +
          `has a collation of the application, or its text is not understood: a rollback may ` +
          `have to leave rows whose value somebody has taken meanwhile.`,
      ),
      ...unknown.map(
        ({ columns, parent }) =>
          `The foreign key of ${table.name} (${columns.join(', ')}) refers to ${parent} without ` +
          `a unique index there, so references are not locked.`,
      ),
    ];
  });
}
