import type { ClientBase, QueryResult } from 'pg';

import { LocalTransactionOpenError, StatementRefusedError } from '../../../protocol/index.js';
import type { GlobalTransaction } from '../../../transaction/index.js';
import { currentTransaction } from '../../../transaction/index.js';
import type { AtResource, LocalBranch } from '../../at/index.js';
import type { Attempt } from './autocommit.js';
import { runAutocommit } from './autocommit.js';
import type { Statement } from './classify-statement.js';
import { classifyStatement } from './classify-statement.js';
import type { Send } from './connection-branch.js';
import { ConnectionBranch } from './connection-branch.js';
import type { PgRequest, Submittable } from './pg-request.js';
import { answer, isSubmittable, toRequest } from './pg-request.js';
import { refusalOf } from './seam-errors.js';

type Query = (config: unknown, values?: unknown, callback?: unknown) => unknown;

/**
 * Stands in front of one pg client. Outside a global transaction it passes every call on as it is.
 * Inside, it puts the calls in order and makes each local transaction a branch.
 */
export class ClientSeam {
  readonly #client: ClientBase;
  readonly #resource: AtResource;
  readonly #branch: ConnectionBranch;
  readonly #original: Query;
  /** Settles when the calls that the seam has taken on are done; undefined when there are none. */
  #tail: Promise<unknown> | undefined;

  constructor(client: ClientBase, resource: AtResource) {
    this.#client = client;
    this.#resource = resource;
    this.#original = client.query.bind(client);
    this.#branch = new ConnectionBranch({
      resource,
      send: this.#send,
      serverIsInTransaction: () => this.#serverIsInTransaction(),
    });
    client.query = this.#query as typeof client.query;
    client.on('notice', (notice) => {
      if (resource.engine.isCaptureNotice(notice)) this.#branch.written();
    });
    client.on('end', () => {
      this.#branch.connectionLost();
    });
  }

  /** The client goes back to its pool. */
  released(): void {
    this.#branch.released();
  }

  /** One run of an autocommit statement as a local transaction of its own. */
  attemptAutocommit(
    branch: LocalBranch,
    transaction: GlobalTransaction,
    statement: Statement,
    request: PgRequest,
  ): Promise<Attempt> {
    return this.#branch.attemptAutocommit(branch, transaction, statement, request);
  }

  readonly #send: Send = (config, values) => this.#original(config, values) as Promise<QueryResult>;

  readonly #query: Query = (config, values, callback) => {
    const transaction = currentTransaction();
    if (
      transaction === undefined &&
      this.#branch.transaction === undefined &&
      this.#tail === undefined
    ) {
      return this.#original(config, values, callback);
    }
    if (isSubmittable(config)) return this.#submit(transaction, config, values, callback);
    const request = toRequest(config, values, callback);
    const work = this.#inTurn(() => this.#run(transaction, request));
    if (request.callback === undefined) return work;
    answer(request.callback, work);
    return undefined;
  };

  /** Callers may queue statements without awaiting them; they run in the order of the calls. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#tail === undefined ? work() : this.#tail.then(work, work);
    const tail = running.then(ignore, ignore).then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
    return running;
  }

  async #run(transaction: GlobalTransaction | undefined, request: PgRequest): Promise<QueryResult> {
    if (this.#branch.transaction !== undefined) return this.#branch.run(request);
    if (transaction === undefined) return this.#send(request.config, request.values);
    const statement = classifyStatement(request.text);
    switch (statement.kind) {
      case 'refused':
        transaction.assertActive(`${statement.label} on ${this.#resource.resourceId}`);
        throw refusalOf(transaction, statement);
      case 'begin':
        return this.#branch.begin(transaction, request);
      case 'write':
      case 'maybe-write':
        return this.#runAutocommit(transaction, statement, request);
      default:
        return this.#send(request.config, request.values);
    }
  }

  async #runAutocommit(
    transaction: GlobalTransaction,
    statement: Statement,
    request: PgRequest,
  ): Promise<QueryResult> {
    if (statement.kind === 'maybe-write' && !transaction.isActive) {
      return this.#send(request.config, request.values);
    }
    // The server's own word, so that it cannot be fooled by how the transaction was opened.
    if (this.#serverIsInTransaction() === true) {
      throw new LocalTransactionOpenError(transaction.xid, this.#resource.resourceId);
    }
    return runAutocommit(this.#resource, transaction, statement, (branch) =>
      this.#branch.attemptAutocommit(branch, transaction, statement, request),
    );
  }

  /** undefined with a pg that is too old to tell. */
  #serverIsInTransaction(): boolean | undefined {
    const { getTransactionStatus } = this.#client as { getTransactionStatus?: () => string | null };
    const status = getTransactionStatus?.call(this.#client);
    return typeof status === 'string' ? status !== 'I' : undefined;
  }

  /** Cursors and streams run by themselves: they may read, but a write could not be tried again. */
  #submit(
    transaction: GlobalTransaction | undefined,
    submittable: Submittable,
    values: unknown,
    callback: unknown,
  ): unknown {
    const open = this.#branch.transaction;
    const around = open ?? transaction;
    const statement = classifyStatement(submittable.text ?? submittable.cursor?.text ?? '');
    const reads =
      statement.kind === 'read' || (open !== undefined && statement.kind === 'maybe-write');
    if (around !== undefined && !reads) {
      throw new StatementRefusedError(
        around.xid,
        `${statement.label} through a cursor, a stream or a Query object`,
        'only query(text, values) can be made part of it. Use that for statements that write.',
      );
    }
    if (this.#tail === undefined) return this.#original(submittable, values, callback);
    void this.#inTurn(async () => Promise.resolve(this.#original(submittable, values, callback)));
    return submittable;
  }
}

const ignore = (): undefined => undefined;
