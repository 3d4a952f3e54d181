import { AtInstallError, SchemaTooNewError } from '../../../../protocol/index.js';
import type {
  InstallPlan,
  InstallReport,
  SqlSession,
  SqlSource,
} from '../../at-engine.interface.js';
import { IS_NO_FENCE, SCHEMA_VERSION, TRIGGER_MODE } from '../agreement.js';
import { errnoOf, queryRows, resettle, settle } from '../session.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import type { DatabaseState } from './database-state.js';
import { databaseState } from './database-state.js';
import { explainFailure } from './explain-failure.js';
import { OWN_TABLES } from './own-tables.js';
import { dropTriggers } from './plan-table.js';
import { FORMER_TABLES } from './upgrade.js';
import { installWarnings } from './warnings.js';

interface InstallerOptions {
  readonly source: SqlSource;
  readonly resourceId: string;
  readonly guard: boolean;
  readonly schemas: readonly string[] | undefined;
  /** Hears of the tables that there are. */
  readonly onTables: (tables: readonly TableDefinition[]) => void;
}

/** How often a table is tried that others keep locked. */
const LOCK_ATTEMPTS = 3;
const LOCK_WAIT_TIMEOUT = 1205;

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
  install(mode: 'mend' | 'check'): Promise<InstallReport> {
    return this.#run(async (session) => {
      const state = mode === 'mend' ? await this.#mend(session) : await this.#state(session);
      const lacking = missingIn(state);
      if (lacking.length > 0) {
        throw this.#failure(
          `${lacking.join(', ')}. Have somebody who may create triggers run: ` +
            `npx nestjs-dtx at install`,
        );
      }
      const tables = state.plans.map(({ status }) => status);
      const captured = tables.filter(({ state: how }) => how === 'captured');
      return {
        capturedTables: captured.map(({ table }) => table),
        warnings: installWarnings(state),
      };
    });
  }

  plan(): Promise<InstallPlan> {
    return this.#run(async (session) => {
      const state = await this.#state(session);
      return {
        statements: statementsOf(state),
        tables: state.plans.map(({ status }) => status),
        warnings: installWarnings(state),
      };
    });
  }

  /** @throws AtInstallError (DTX_ERR_RM_AT_INSTALL) while undo rows are left */
  uninstall(): Promise<void> {
    return this.#run(async (session) => {
      const { ownTables, tables } = await this.#state(session);
      if (ownTables.has('dtx_undo_row')) await this.#assertNothingHeld(session);
      for (const table of tables) {
        for (const statement of dropTriggers(table)) await session.query(statement);
      }
      const names = [...OWN_TABLES.keys(), ...FORMER_TABLES];
      for (const name of names) await session.query(`DROP TABLE IF EXISTS ${name}`);
    });
  }

  async #run<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    try {
      return await this.#options.source.withSession(async (session) => {
        await settle(session);
        return work(session);
      });
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      throw this.#failure(explainFailure(error), error);
    }
  }

  async #state(session: SqlSession): Promise<DatabaseState> {
    const state = await databaseState(session, this.#options.guard);
    if (state.version > SCHEMA_VERSION) {
      const place = `The tables dtx_* in the database of ${this.#options.resourceId}`;
      throw new SchemaTooNewError(place, state.version, SCHEMA_VERSION);
    }
    const foreign = this.#options.schemas?.find((name) => name !== state.database);
    if (foreign !== undefined) {
      throw this.#failure(
        `the option "schemas" names ${identifier(foreign)}, but only tables of the database ` +
          `${identifier(state.database)} are captured. Make the other a data source of its own.`,
      );
    }
    this.#options.onTables(state.tables);
    return state;
  }

  async #mend(session: SqlSession): Promise<DatabaseState> {
    const found = await this.#state(session);
    if (statementsOf(found).length === 0) return found;
    const lock = `dtx_install_${found.database}`.slice(0, 64);
    const [turn] = await queryRows(session, 'SELECT GET_LOCK(?, 20) AS mine', [lock]);
    if (turn?.['mine'] !== '1') {
      throw this.#failure(
        'another process is setting up the same database and does not get on. Start again when ' +
          'it has ended.',
      );
    }
    try {
      // Read again: who had the turn before us may have done the work.
      const state = await this.#state(session);
      await resettle(session, TRIGGER_SETTINGS);
      for (const statement of state.ownStatements) await session.query(statement);
      for (const { statements, status } of state.plans) {
        await this.#patiently(session, statements, status.table);
      }
      return await this.#state(session);
    } finally {
      await session.query('UNLOCK TABLES').catch(() => undefined);
      await session.query('SELECT RELEASE_LOCK(?)', [lock]).catch(() => undefined);
    }
  }

  async #patiently(
    session: SqlSession,
    statements: readonly string[],
    table: string,
  ): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        for (const statement of statements) await session.query(statement);
        return;
      } catch (error) {
        if (errnoOf(error) !== LOCK_WAIT_TIMEOUT) throw error;
        if (attempt < LOCK_ATTEMPTS) continue;
        throw this.#failure(
          `${identifier(table)} was locked by others at each of ${String(LOCK_ATTEMPTS)} ` +
            `attempts, so its triggers could not be created. Look in the process list for long ` +
            `transactions, end them, and start again.`,
          error,
        );
      }
    }
  }

  async #assertNothingHeld(session: SqlSession): Promise<void> {
    const [row] = await queryRows(
      session,
      `SELECT COUNT(*) AS n FROM dtx_undo_row WHERE ${IS_NO_FENCE}`,
    );
    if (row?.['n'] === '0') return;
    throw this.#failure(
      `dtx_undo_row holds ${row?.['n'] ?? ''} rows of transactions that have not ended. Wait for ` +
        `them ("npx nestjs-dtx locks" lists them), or decide about what a rollback has left by ` +
        `"npx nestjs-dtx undo show".`,
    );
  }

  #failure(what: string, cause?: unknown): AtInstallError {
    return new AtInstallError(this.#options.resourceId, what, { cause });
  }
}

/** Triggers keep these settings of the session that creates them. */
const TRIGGER_SETTINGS = `sql_mode = '${TRIGGER_MODE}', collation_connection = 'utf8mb4_bin'`;

function statementsOf({ ownStatements, plans }: DatabaseState): readonly string[] {
  const statements = [...ownStatements, ...plans.flatMap((plan) => plan.statements)];
  return statements.length === 0 ? [] : [`SET ${TRIGGER_SETTINGS}`, ...statements];
}

/** What is missing or stale, one part of a sentence each. */
function missingIn({ isOld, ownStatements, plans }: DatabaseState): readonly string[] {
  const of = (wanted: string): readonly string[] =>
    plans.filter(({ status }) => status.state === wanted).map(({ status }) => status.table);
  const parts = { missing: of('missing'), stale: of('stale') };
  return [
    ...(ownStatements.length > 0
      ? [`the tables dtx_* are ${isOld ? 'of an older version' : 'missing'}`]
      : []),
    ...(parts.missing.length > 0 ? [`no triggers on ${parts.missing.join(', ')}`] : []),
    ...(parts.stale.length > 0
      ? [
          `the triggers of ${parts.stale.join(', ')} were made for other columns, keys or ` +
            `triggers of yours`,
        ]
      : []),
  ];
}
