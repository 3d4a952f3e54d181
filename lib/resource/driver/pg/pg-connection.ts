import type { ClientBase, QueryResult } from 'pg';

import type {
  AtResource,
  CommitAnswer,
  LocalConnection,
  LockedRead,
  Mark,
  SqlSession,
  Statement,
  StatementContent,
} from '../../at/index.js';
import { codeOf } from '../../../protocol/index.js';
import { failpoint } from '../../../system/index.js';
import { refusalOf } from '../../at/index.js';
import { HeldRows } from '../../at/postgres/index.js';
import { classifyStatement } from './classify-statement.js';
import { takePlaces, tellingRead } from './locking-read.js';
import type { PgRequest } from './pg-request.js';
import { contentOf, isPlainText } from './pg-request.js';
import { isRefusalByServer } from './server-error.js';

/** Sends to the server, past the seam. */
export type Send = (config: unknown, values?: unknown) => Promise<QueryResult>;

/** Local transactions over one pg client. */
export class PgConnection implements LocalConnection<PgRequest, QueryResult> {
  readonly committedResult = COMMITTED;
  readonly waitsInside = true;
  readonly #client: ClientBase;
  readonly #resource: AtResource;
  readonly #send: Send;
  readonly #heldRows = new HeldRows();

  constructor(client: ClientBase, resource: AtResource, send: Send) {
    this.#client = client;
    this.#resource = resource;
    this.#send = send;
  }

  classify({ text }: PgRequest): Statement {
    return classifyStatement(text);
  }

  contentOf(request: PgRequest): StatementContent {
    return contentOf(request);
  }

  async begin(
    mark: Mark,
    request: PgRequest | undefined,
    preparedName?: string,
  ): Promise<QueryResult> {
    const begun = await this.#begin(mark, request);
    if (preparedName !== undefined) failpoint('xa.begun');
    return begun;
  }

  /** The mark travels in BEGIN's packet, before any savepoint could take it away again. */
  async #begin(mark: Mark, request: PgRequest | undefined): Promise<QueryResult> {
    const tag = this.#resource.engine.tagStatement(mark);
    if (tag === '') return request === undefined ? this.#send('BEGIN') : this.send(request);
    if (request !== undefined && !isPlainText(request)) {
      const begun = await this.send(request);
      await this.#send(tag);
      return begun;
    }
    // A line break, since the text may end in a comment.
    const results: unknown = await this.#send(`${request?.text ?? 'BEGIN'}\n; ${tag}`);
    return (Array.isArray(results) ? results[0] : results) as QueryResult;
  }

  send({ config, values }: PgRequest): Promise<QueryResult> {
    return this.#send(config, values);
  }

  async commit(
    request: PgRequest | undefined,
    preparedName?: string,
  ): Promise<CommitAnswer<QueryResult>> {
    if (preparedName !== undefined) return this.#prepare(preparedName);
    const result = await (request === undefined ? this.#send('COMMIT') : this.send(request));
    return { committed: result.command === 'COMMIT', result };
  }

  /** Reading does not make a transaction of its own to the server; locking and writing do. */
  async hasWritten(): Promise<boolean> {
    try {
      const { rows } = await this.#session.query(`SELECT ${ASSIGNED_ID} AS id`);
      return typeof rows[0]?.['id'] === 'string';
    } catch (error) {
      // It has failed before: its COMMIT will be answered with a rollback.
      if (codeOf(error) === IN_FAILED_TRANSACTION) return false;
      throw error;
    }
  }

  /** Undocumented, but there since the first version: requests are cancelled by it. */
  get sessionId(): string | undefined {
    const { processID } = this.#client as { readonly processID?: number | null };
    return typeof processID === 'number' ? String(processID) : undefined;
  }

  /** What has failed before is rolled back by it, without an error. */
  async #prepare(preparedName: string): Promise<CommitAnswer<QueryResult>> {
    failpoint('xa.prepare');
    const answer = this.#send(`PREPARE TRANSACTION ${preparedName}`);
    failpoint('xa.prepare.sent');
    const { command } = await answer;
    return { committed: command === 'PREPARE', result: COMMITTED, hold: {} };
  }

  rollback(request: PgRequest | undefined): Promise<QueryResult> {
    return request === undefined ? this.#send('ROLLBACK') : this.send(request);
  }

  isRefusal(error: unknown): boolean {
    return isRefusalByServer(error);
  }

  /** The server itself makes the application end what has failed, or go back to a savepoint. */
  stateAfter(): 'open' {
    return 'open';
  }

  /** undefined with a pg that is too old to tell. */
  isInTransaction(): boolean | undefined {
    const { getTransactionStatus } = this.#client as { getTransactionStatus?: () => string | null };
    const status = getTransactionStatus?.call(this.#client);
    return typeof status === 'string' ? status !== 'I' : undefined;
  }

  async readLocked(request: PgRequest, xid: string | undefined): Promise<LockedRead<QueryResult>> {
    const read = tellingRead(request);
    if ('reason' in read) {
      throw refusalOf({ xid }, { ...this.classify(request), reason: read.reason });
    }
    const result = await this.#send(read.config, request.values);
    const places = takePlaces(result, read.tableCount);
    return { result, conflict: await this.#heldRows.holderOf(this.#session, places, xid) };
  }

  /** For questions of ours inside the local transaction; of several results it takes the rows. */
  readonly #session: SqlSession = {
    query: async (text, values) => {
      const answer: unknown = await this.#send(text, values);
      const results = (Array.isArray(answer) ? answer : [answer]) as QueryResult<Row>[];
      const { command, rowCount, rows } =
        results.find((result) => result.rows.length > 0) ?? COMMITTED;
      return { command, rowCount: rowCount ?? 0, rows };
    },
  };
}

const ASSIGNED_ID = 'pg_current_xact_id_if_assigned()::text';
const IN_FAILED_TRANSACTION = '25P02';

type Row = Record<string, unknown>;

const COMMITTED = { command: 'COMMIT', rowCount: null, oid: 0, rows: [], fields: [] };
