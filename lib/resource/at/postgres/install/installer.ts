import { AtInstallError, SchemaTooNewError, messageOf } from '../../../../protocol/index.js';
import type { InstallReport, SqlSession, SqlSource } from '../../at-engine.interface.js';
import { SCHEMA_VERSION } from '../agreement.js';
import { findTable, tablesOf } from '../catalog.js';
import { queryJson, queryText, sqlStateOf } from '../session.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { CREATE_TABLES } from './database-objects.js';
import type { SchemaState } from './dtx-schema.js';
import { existingFunctions, installedVersion, missingRights, schemaState } from './dtx-schema.js';
import type { ExistingFunctions } from './plan-table.js';
import { isCurrent, planSharedFunctions, planTable } from './plan-table.js';
import { LOCK_ATTEMPTS, runInTurn } from './run-in-turn.js';
import { isCaptured } from './wanted-triggers.js';
import { grant, installWarnings } from './warnings.js';

interface InstallerOptions {
  readonly source: SqlSource;
  readonly resourceId: string;
  /** @default the schemas of the search path */
  readonly schemas: readonly string[] | undefined;
  /** Whether writers from outside are refused while a row is held. @default false */
  readonly guard?: boolean | undefined;
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** Sets up capture in one database, or finds that it is set up. */
export class Installer {
  readonly #options: InstallerOptions;

  constructor(options: InstallerOptions) {
    this.#options = options;
  }

  /**
   * @throws AtInstallError (DTX_ERR_RM_AT_INSTALL)
   * @throws SchemaTooNewError (DTX_ERR_SCHEMA_TOO_NEW)
   */
  async install(): Promise<InstallReport> {
    try {
      return await this.#options.source.withSession((session) => this.#installIn(session));
    } catch (error) {
      if (sqlStateOf(error) === undefined) throw error;
      throw this.#failure(messageOf(error), error);
    }
  }

  async #installIn(session: SqlSession): Promise<InstallReport> {
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
    const tables = await tablesOf(session, schemas);
    const captured = tables.filter((table) => isCaptured(table) && !uncovered.has(table.name));
    return {
      capturedTables: captured.map(({ name }) => name),
      warnings: installWarnings({ role: state.role, tables, uncovered }),
    };
  }

  /** Our own schema: tables, version, shared functions, and the rights to work with them. */
  async #prepareSchema(session: SqlSession, state: SchemaState): Promise<void> {
    if (!state.hasTables) await this.#createTables(session, state);
    const missing = await missingRights(session, state.role);
    if (missing !== undefined) {
      throw this.#failure(
        `role ${identifier(state.role)} may not use the tables in schema dtx. Have their owner ` +
          `or an administrator run: ${missing}`,
      );
    }
    const version = await installedVersion(session);
    if (version > SCHEMA_VERSION) {
      const place = `Schema dtx in the database of ${this.#options.resourceId}`;
      throw new SchemaTooNewError(place, version, SCHEMA_VERSION);
    }
    const isCurrent = planSharedFunctions(await existingFunctions(session)).length === 0;
    if (isCurrent) return;
    await this.#inTurn(session, async () => planSharedFunctions(await existingFunctions(session)));
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
      if (!addsTriggers || sqlStateOf(error) !== INSUFFICIENT_PRIVILEGE) throw error;
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
