import { AsyncLocalStorage } from 'node:async_hooks';

import { AtInstallError } from '../../../protocol/index.js';
import { systemClock } from '../../../system/index.js';
import type { AtResourceOptions, SqlSession, SqlSource } from '../../at/index.js';
import { AtResource } from '../../at/index.js';
import type { CapturedConnection, SqliteDatabase, SqliteSource } from '../../at/sqlite/index.js';
import { ConnectionCapture, SqliteAtEngine, explain } from '../../at/sqlite/index.js';
import { SQLITE_FENCES, SqlTccFences } from '../../tcc/index.js';
import { ConnectionTurns } from './connection-turns.js';

/** Longer than local transactions last; a wait for oneself has to end in an error some time. */
const CONNECTION_WAIT_TIMEOUT_MS_DEFAULT = 10_000;

/** What code is inside of: a transaction's callback, or a subscriber of one of its statements. */
export interface RunnerContext<Runner> {
  readonly runner: Runner;
  readonly xid: string | undefined;
}

/** One SQLite file and the one connection that a data source has to it. */
export class SqliteFile implements SqliteSource, SqlSource {
  readonly resource: AtResource;
  readonly turns: ConnectionTurns;
  readonly contexts = new AsyncLocalStorage<RunnerContext<unknown>>();
  readonly isGuarding: boolean;
  #capture: ConnectionCapture | undefined;

  constructor(name: string, options: AtResourceOptions) {
    this.isGuarding = options.guard === true;
    this.resource = new AtResource({
      kind: 'AT on SQLite',
      name,
      options,
      createEngine: (resourceId) => new SqliteAtEngine({ source: this, resourceId }),
      createFences: (resourceId) =>
        new SqlTccFences({ source: this, resourceId, dialect: SQLITE_FENCES }),
      close: () => Promise.resolve(),
    });
    this.turns = new ConnectionTurns({
      clock: systemClock,
      resourceId: () => this.resource.resourceId,
      timeoutMs: options.connectionWaitTimeoutMs ?? CONNECTION_WAIT_TIMEOUT_MS_DEFAULT,
    });
  }

  /** The data source has opened its connection. */
  opened(database: SqliteDatabase): void {
    this.#capture = new ConnectionCapture(database, { guard: this.isGuarding });
  }

  /** @throws AtInstallError (DTX_ERR_RM_AT_INSTALL) before the data source is initialized */
  get capture(): ConnectionCapture {
    if (this.#capture !== undefined) return this.#capture;
    throw new AtInstallError(
      this.resource.resourceId,
      'the data source has no connection yet. Initialize it before DtxModule starts.',
    );
  }

  get database(): SqliteDatabase {
    return this.capture.database;
  }

  /** Whether the error says that somebody else holds a row. */
  isConflict(error: unknown): boolean {
    return explain(error)?.kind === 'lock-conflict';
  }

  async withDatabase<T>(work: (connection: CapturedConnection) => T): Promise<T> {
    const holder = {};
    await this.turns.take(holder);
    try {
      return work(this.capture);
    } finally {
      this.turns.give(holder);
    }
  }

  /** One statement at a time is all that anybody needs here; each is a transaction of its own. */
  async withSession<T>(work: (session: SqlSession) => Promise<T>): Promise<T> {
    const holder = {};
    await this.turns.take(holder);
    try {
      return await work(sessionOf(this.database));
    } finally {
      this.turns.give(holder);
    }
  }
}

function sessionOf(database: SqliteDatabase): SqlSession {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- SQLite answers at once
    async query(text) {
      const statement = database.prepare(text);
      if (!statement.readonly || !isQuery(text)) {
        return { rows: [], rowCount: Number(statement.run().changes), command: '' };
      }
      const rows = statement.all() as Record<string, unknown>[];
      return { rows, rowCount: rows.length, command: '' };
    },
  };
}

const isQuery = (text: string): boolean => text.startsWith('SELECT');
