import { AtInstallError, messageOf } from '../../../../protocol/index.js';
import type {
  InstallPlan,
  InstallReport,
  SqlSession,
  SqlSource,
} from '../../at-engine.interface.js';
import { findTable, tablesOf } from '../catalog.js';
import { queryJson, queryText, sqlStateOf } from '../session.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { grant, installCommand, listed } from './advice.js';
import { CREATE_TABLES } from './database-objects.js';
import type { SchemaState } from './dtx-schema.js';
import { existingFunctions, schemaState } from './dtx-schema.js';
import type { ExistingFunctions } from './plan-table.js';
import { isCurrent, planSharedFunctions, planTable } from './plan-table.js';
import { LOCK_ATTEMPTS, runInTurn } from './run-in-turn.js';
import type { Survey } from './survey.js';
import { isToMend, planOf, survey } from './survey.js';
import { uninstall } from './uninstall.js';
import { assertUsable } from './usable.js';
import { isCaptured } from './wanted-triggers.js';
import { installWarnings } from './warnings.js';

interface InstallerOptions {
  readonly source: SqlSource;
  readonly resourceId: string;
  /** @default the schemas of the search path */
  readonly schemas: readonly string[] | undefined;
  /** Whether writers from outside are refused while a row is held. @default false */
  readonly guard?: boolean | undefined;
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** Sets up capture in one database, finds that it is set up, or removes it. */
export class Installer {
  readonly #options: InstallerOptions;

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  /**
   * @throws AtInstallError (DTX_ERR_RM_AT_INSTALL)
   * @throws SchemaTooNewError (DTX_ERR_SCHEMA_TOO_NEW)
   */
  install(mode: 'mend' | 'check'): Promise<InstallReport> {
    return this.#inSession((session) =>
      mode === 'mend' ? this.#mend(session) : this.#check(session),
    );
  }

  /** @throws as install */
  plan(): Promise<InstallPlan> {
    return this.#inSession(async (session) => planOf(await this.#survey(session)));
  }

  /** @throws AtInstallError (DTX_ERR_RM_AT_INSTALL) while undo rows are left */
  uninstall(): Promise<void> {
    return this.#inSession(async (session) => {
      if (await uninstall(session, this.#options.resourceId)) return;
      throw this.#failure(
        `tables were locked by others at each of ${String(LOCK_ATTEMPTS)} attempts. Stop the ` +
          `applications that use the database, and try again.`,
      );
    });
  }

  async #inSession<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    try {
      return await this.#options.source.withSession(async (session) => {
        // Names of tables are agreed with sessions that restore rows, whatever the role's default.
        await session.query('SET quote_all_identifiers = off');
        return work(session);
      });
    } catch (error) {
      if (sqlStateOf(error) === undefined) throw error;
      throw this.#failure(messageOf(error), error);
    }
  }

  async #mend(session: SqlSession): Promise<InstallReport> {
    const state = await schemaState(session);
    await this.#prepareSchema(session, state);
    const schemas = await this.#schemas(session);
    const functions = await existingFunctions(session);
    const uncovered = new Map<string, string>();
    for (const table of await tablesOf(session, schemas)) {
      const reason = await this.#cover(session, table, functions, state.role);
      if (reason !== undefined) uncovered.set(table.name, reason);
    }
    // Read again: somebody may have changed a table meanwhile, and warnings are about what stands.
    const found = await survey(session, state, schemas, this.#options.guard);
    this.#refuseStale(found, uncovered);
    return reportOf(found, uncovered);
  }

  async #check(session: SqlSession): Promise<InstallReport> {
    const found = await this.#survey(session);
    const command = installCommand(found.schemas, this.#options.guard);
    const toMend = found.tables.filter(({ status }) => isToMend(status));
    // Partitions come and go while applications start, and are captured without triggers of theirs.
    const partitions = toMend.filter(({ table }) => table.isPartition);
    const tables = toMend
      .filter(({ table }) => !table.isPartition)
      .map(({ status }) => `${status.table} (${status.state})`);
    const own = found.ownStatements.length > 0 ? ['the schema dtx itself'] : [];
    if (own.length + tables.length === 0) {
      return reportOf(
        found,
        new Map(partitions.map(({ table }) => [table.name, `Run: ${command}`])),
      );
    }
    throw this.#failure(
      `capture is missing or stale: ${listed([...own, ...tables])}. Have it mended before the ` +
        `start, by a role that owns the tables: ${command}`,
    );
  }

  /**
   * A table that was never covered is one sentence in the log: it may be nobody's business here.
   * One that was covered and has changed since is written to by transactions that count on it, and
   * their undo rows would wait for a person one by one.
   */
  #refuseStale({ schemas, tables }: Survey, uncovered: ReadonlyMap<string, string>): void {
    const stale = tables.flatMap(({ status: { state, table } }) => {
      const reason = uncovered.get(table);
      return state === 'stale' && reason !== undefined ? [`${table} (${reason})`] : [];
    });
    if (stale.length === 0) return;
    throw this.#failure(
      `what captures these tables is out of date, and could not be mended: ${listed(stale)}. ` +
        `Have it mended by a role that owns them: ${installCommand(schemas)}`,
    );
  }

  async #survey(session: SqlSession): Promise<Survey> {
    const state = await schemaState(session);
    if (state.hasTables) await assertUsable(session, this.#options.resourceId, state.role);
    return survey(session, state, await this.#schemas(session), this.#options.guard);
  }

  /** Our own schema: tables, version, shared functions, and the rights to work with them. */
  async #prepareSchema(session: SqlSession, state: SchemaState): Promise<void> {
    if (!state.hasTables) await this.#createTables(session, state);
    await assertUsable(session, this.#options.resourceId, state.role);
    const isCurrent = planSharedFunctions(await existingFunctions(session)).length === 0;
    if (isCurrent) return;
    try {
      const statements = async (): Promise<readonly string[]> =>
        planSharedFunctions(await existingFunctions(session));
      await this.#inTurn(session, statements);
    } catch (error) {
      if (sqlStateOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      throw this.#failure(
        `the functions in schema dtx are another version's, and could not be mended: ` +
          `${messageOf(error)}. Have their owner run: ` +
          installCommand(await this.#schemas(session)),
        error,
      );
    }
  }

  async #createTables(session: SqlSession, state: SchemaState): Promise<void> {
    if (state.exists ? !state.mayCreateInSchema : !state.mayCreateSchema) {
      throw this.#mayNotCreate(state);
    }
    await this.#inTurn(session, async () => {
      const { exists, hasTables } = await schemaState(session);
      return [...(exists ? [] : ['CREATE SCHEMA dtx']), ...(hasTables ? [] : [CREATE_TABLES])];
    });
  }

  /** @returns why the table could not be covered, if it could not */
  async #cover(
    session: SqlSession,
    table: TableDefinition,
    functions: ExistingFunctions,
    role: string,
  ): Promise<string | undefined> {
    const plan = planTable(table, functions, this.#options.guard);
    if (isCurrent(plan)) return undefined;
    const addsTriggers = plan.triggerStatements.length > 0;
    if (addsTriggers && table.missingPrivileges.includes('TRIGGER')) {
      const command = grant(['TRIGGER'], table.name, role);
      return `role ${identifier(role)} lacks TRIGGER on it. Run: ${command}`;
    }
    try {
      await this.#inTurn(session, () => this.#currentStatements(session, table.name), table.name);
    } catch (error) {
      if (sqlStateOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
      return `${messageOf(error)}. Start the application once as the owner of the table.`;
    }
    return undefined;
  }

  /** @param tableName whose triggers the statements create */
  async #inTurn(
    session: SqlSession,
    statements: () => Promise<readonly string[]>,
    tableName?: string,
  ): Promise<void> {
    if (await runInTurn(session, statements)) return;
    throw this.#failure(
      tableName === undefined
        ? 'another process is setting up the same database and does not get on. Start again ' +
            'when it has ended.'
        : `${tableName} was locked by others at each of ${String(LOCK_ATTEMPTS)} attempts, so ` +
            `its triggers could not be created. Look in pg_stat_activity for long transactions, ` +
            `end them, and start again.`,
    );
  }

  async #schemas(session: SqlSession): Promise<readonly string[]> {
    const given = this.#options.schemas;
    if (given === undefined) {
      const text = await queryText(session, 'SELECT to_json(current_schemas(false))::text');
      return (JSON.parse(text) as string[]).filter((name) => !/^(pg_|dtx$)/.test(name));
    }
    const existing = await queryJson<string>(
      session,
      'SELECT pg_catalog.to_json(nspname)::text FROM pg_catalog.pg_namespace',
    );
    const missing = given.find((name) => !existing.includes(name));
    if (missing === undefined) return given;
    throw this.#failure(
      `schema ${identifier(missing)} of the option "schemas" does not exist in the database. ` +
        `Create it first, or correct the option.`,
    );
  }

  #mayNotCreate({ database, exists, role }: SchemaState): AtInstallError {
    const name = identifier(role);
    return this.#failure(
      exists
        ? `role ${name} may not create tables in schema dtx. Have its owner or an administrator ` +
            `run: ${grant(['USAGE', 'CREATE'], 'SCHEMA dtx', role)}`
        : `role ${name} lacks CREATE on database ${identifier(database)}, so it may not create ` +
            `the schema dtx. Have an administrator run there: ` +
            `CREATE SCHEMA dtx AUTHORIZATION ${name};`,
    );
  }

  async #currentStatements(session: SqlSession, name: string): Promise<readonly string[]> {
    const table = await findTable(session, name);
    if (table === undefined) return [];
    const plan = planTable(table, await existingFunctions(session), this.#options.guard);
    return [...plan.functionStatements, ...plan.triggerStatements];
  }

  #failure(what: string, cause?: unknown): AtInstallError {
    return new AtInstallError(this.#options.resourceId, what, { cause });
  }
}

function reportOf({ role, tables }: Survey, uncovered: ReadonlyMap<string, string>): InstallReport {
  const definitions = tables.map(({ table }) => table);
  const captured = definitions.filter((table) => isCaptured(table) && !uncovered.has(table.name));
  return {
    capturedTables: captured.map(({ name }) => name),
    warnings: installWarnings({ role, tables: definitions, uncovered }),
  };
}
