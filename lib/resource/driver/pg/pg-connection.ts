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
import type { Opening } from './opening.js';
import { carrierOf, lastOf, mayWait, sendOpened } from './opening.js';
import type { PgRequest } from './pg-request.js';
import { contentOf, isPlainText, plainRequest } from './pg-request.js';
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
  /** BEGIN has been answered and not been sent: it travels with the first statement. */
  #opening: Opening | undefined;

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

  /**
   * The mark travels with BEGIN, before any savepoint could take it away again. Both wait for the
   * first statement and its packet where they can: a transaction takes its snapshot there anyway.
   */
  async #begin(mark: Mark, request: PgRequest | undefined): Promise<QueryResult> {
    const tag = this.#resource.engine.tagStatement(mark);
    if (request !== undefined && !isPlainText(request)) {
      const begun = await this.send(request);
      if (tag !== '') await this.#send(tag);
      return begun;
    }
    const begin = request?.text ?? 'BEGIN';
    const opening = tag === '' ? [begin] : [begin, tag];
    if (mayWait(this.#client, begin)) {
      this.#opening = opening;
      return BEGUN;
    }
    const results: unknown = await this.#send(joined(opening));
    return (Array.isArray(results) ? results[0] : results) as QueryResult;
  }

  send(request: PgRequest): Promise<QueryResult> {
    const opening = this.#takeOpening();
    return opening === undefined
      ? this.#send(request.config, request.values)
      : this.#sendFirst(opening, request);
  }

  /** Somebody else is about to use the client: BEGIN leaves before whatever that sends. */
  sendOpening(): void {
    const opening = this.#takeOpening();
    // If this is lost, so is the connection, and the next statement says so.
    if (opening !== undefined) this.#send(joined(opening)).catch(() => undefined);
  }

  async #sendFirst(opening: Opening, request: PgRequest): Promise<QueryResult> {
    const { config, values } = request;
    const wire = carrierOf(this.#client, request);
    if (wire !== undefined) return sendOpened(wire, opening, () => this.#send(config, values));
    await this.#send(joined(opening));
    return this.#send(config, values);
  }

  #takeOpening(): Opening | undefined {
    const opening = this.#opening;
    this.#opening = undefined;
    return opening;
  }

  async ahead(text: string): Promise<void> {
    if (this.#opening === undefined) await this.#send(text);
    else this.#opening = [...this.#opening, text];
  }

  async own(text: string): Promise<number> {
    const opening = this.#takeOpening();
    const sent = this.#send(opening === undefined ? text : joined([...opening, text]));
    return lastOf<QueryResult>(await sent).rowCount ?? 0;
  }

  async commit(
    request: PgRequest | undefined,
    preparedName?: string,
  ): Promise<CommitAnswer<QueryResult>> {
    if (preparedName !== undefined) return this.#prepare(preparedName);
    const result = await this.send(request ?? plainRequest('COMMIT'));
    return { committed: result.command === 'COMMIT', result };
  }

  /** Reading does not make a transaction of its own to the server; locking and writing do. */
  async hasWritten(): Promise<boolean> {
    if (this.#opening !== undefined) return false;
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
    const answer = this.send(plainRequest(`PREPARE TRANSACTION ${preparedName}`));
    failpoint('xa.prepare.sent');
    const { command } = await answer;
    return { committed: command === 'PREPARE', result: COMMITTED, hold: {} };
  }

  rollback(request: PgRequest | undefined): Promise<QueryResult> {
    if (request !== undefined) return this.send(request);
    // What the server has never heard of needs no end.
    const isUnsent = this.#takeOpening() !== undefined;
    return isUnsent ? Promise.resolve(ROLLED_BACK) : this.#send('ROLLBACK');
  }

  isRefusal(error: unknown): boolean {
    return isRefusalByServer(error);
  }

  /** The server itself makes the application end what has failed, or go back to a savepoint. */
  stateAfter(): 'open' {
    return 'open';
  }

  /**
   * undefined with a pg that is too old to tell, and while answers are missing: an error comes
   * before the word that its transaction, perhaps begun in the same packet, is still open.
   */
  isInTransaction(): boolean | undefined {
    if (this.#opening !== undefined) return true;
    const { getTransactionStatus, readyForQuery } = this.#client as StatusTeller;
    const status = getTransactionStatus?.call(this.#client);
    if (typeof status !== 'string') return undefined;
    return status === 'I' && readyForQuery !== true ? undefined : status !== 'I';
  }

  async readLocked(request: PgRequest, xid: string | undefined): Promise<LockedRead<QueryResult>> {
    const read = tellingRead(request);
    if ('reason' in read) {
      throw refusalOf({ xid }, { ...this.classify(request), reason: read.reason });
    }
    const result = await this.send({ ...request, config: read.config });
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

/** The part of pg that tells how its connection stands. */
interface StatusTeller {
  readonly getTransactionStatus?: () => string | null;
  readonly readyForQuery?: boolean;
}

const COMMITTED = resultOf('COMMIT');
const BEGUN = resultOf('BEGIN');
const ROLLED_BACK = resultOf('ROLLBACK');

function resultOf(command: string): QueryResult {
  return { command, rowCount: null, oid: 0, rows: [], fields: [] };
}

/** One text of the simple protocol. Line breaks, since each part may end in a comment. */
function joined(texts: readonly string[]): string {
  return texts.join('\n; ');
}
