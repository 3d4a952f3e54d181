import type { ClientBase, QueryResult } from 'pg';

import type {
  AtResource,
  CommitAnswer,
  LocalConnection,
  LockedRead,
  Mark,
  SqlSession,
  Statement,
} from '../../at/index.js';
import { refusalOf } from '../../at/index.js';
import { HeldRows } from '../../at/postgres/index.js';
import { classifyStatement } from './classify-statement.js';
import { takePlaces, tellingRead } from './locking-read.js';
import type { PgRequest } from './pg-request.js';
import { isPlainText } from './pg-request.js';
import { isRefusalByServer } from './server-error.js';

/** Sends to the server, past the seam. */
export type Send = (config: unknown, values?: unknown) => Promise<QueryResult>;

/** Local transactions over one pg client. */
export class PgConnection implements LocalConnection<PgRequest, QueryResult> {
  readonly committedResult = COMMITTED;
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

  /** The mark travels in BEGIN's packet, before any savepoint could take it away again. */
  async begin(mark: Mark, request: PgRequest | undefined): Promise<QueryResult> {
    const tag = this.#resource.engine.tagStatement(mark);
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

  async commit(request: PgRequest | undefined): Promise<CommitAnswer<QueryResult>> {
    const result = await (request === undefined ? this.#send('COMMIT') : this.send(request));
    return { committed: result.command === 'COMMIT', result };
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

type Row = Record<string, unknown>;

const COMMITTED = { command: 'COMMIT', rowCount: null, oid: 0, rows: [], fields: [] };
