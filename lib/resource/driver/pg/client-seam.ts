import type { ClientBase, QueryResult } from 'pg';

import { LocalTransactionOpenError, StatementRefusedError } from '../../../protocol/index.js';
import type { Around, AtResource, Attempt, LocalWork, Start, Statement } from '../../at/index.js';
import {
  ConnectionBranch,
  currentAround,
  refusalOf,
  runAutocommit,
  workOf,
} from '../../at/index.js';
import { isCaptureNotice } from '../../at/postgres/index.js';
import { classifyStatement } from './classify-statement.js';
import { PgConnection } from './pg-connection.js';
import type { Send } from './pg-connection.js';
import type { PgRequest, Submittable } from './pg-request.js';
import { answer, contentOf, isSubmittable, toRequest } from './pg-request.js';

type Query = (config: unknown, values?: unknown, callback?: unknown) => unknown;

/**
 * Stands in front of one pg client. Outside a global transaction it passes every call on as it is.
 * Inside, it puts the calls in order and makes each local transaction a branch.
 */
export class ClientSeam {
  readonly #resource: AtResource;
  readonly #connection: PgConnection;
  readonly #branch: ConnectionBranch<PgRequest, QueryResult>;
  readonly #original: Query;
  /** Settles when the calls that the seam has taken on are done; undefined when there are none. */
  #tail: Promise<unknown> | undefined;

  constructor(client: ClientBase, resource: AtResource) {
    this.#resource = resource;
    this.#original = client.query.bind(client);
    this.#connection = new PgConnection(client, resource, this.#send);
    this.#branch = new ConnectionBranch({ resource, connection: this.#connection });
    client.query = this.#query as typeof client.query;
    client.on('notice', (notice) => {
      if (isCaptureNotice(notice)) this.#branch.written();
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
    work: LocalWork,
    statement: Statement,
    request: PgRequest,
    start: Start,
  ): Promise<Attempt<QueryResult>> {
    return this.#branch.attemptAutocommit(work, statement, request, start);
  }

  readonly #send: Send = (config, values) => this.#original(config, values) as Promise<QueryResult>;

  readonly #query: Query = (config, values, callback) => {
    const around = currentAround();
    if (around === undefined && this.#branch.work === undefined && this.#tail === undefined) {
      return this.#original(config, values, callback);
    }
    if (isSubmittable(config)) return this.#submit(around, config, values, callback);
    const request = toRequest(config, values, callback);
    const work = this.#inTurn(() => this.#run(around, request));
    if (request.callback === undefined) return work;
    answer(request.callback, work);
    return undefined;
  };

  /** Callers may queue statements without awaiting them; they run in the order of the calls. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#tail === undefined ? work() : this.#tail.then(work, work);
    this.#tail = running;
    const done = (): void => {
      if (this.#tail === running) this.#tail = undefined;
    };
    running.then(done, done);
    return running;
  }

  #run(around: Around | undefined, request: PgRequest): Promise<QueryResult> {
    if (this.#branch.work !== undefined) return this.#branch.run(request);
    if (around === undefined) return this.#connection.send(request);
    return this.#runIn(around, request);
  }

  async #runIn(around: Around, request: PgRequest): Promise<QueryResult> {
    const statement = classifyStatement(request.text);
    const what = `${statement.label} on ${this.#resource.resourceId}`;
    switch (statement.kind) {
      case 'refused':
        // Under the global lock alone nothing will be undone, so nothing has to be.
        if (around.xid === undefined) return this.#connection.send(request);
        around.assertActive(what);
        throw refusalOf(around, statement);
      case 'begin':
        return this.#branch.begin(workOf(this.#resource, around, what), request);
      case 'write':
      case 'maybe-write':
      case 'locking-read':
        return this.#runAutocommit(around, statement, request);
      default:
        return this.#connection.send(request);
    }
  }

  async #runAutocommit(
    around: Around,
    statement: Statement,
    request: PgRequest,
  ): Promise<QueryResult> {
    if (statement.kind !== 'write' && !around.isActive) return this.#connection.send(request);
    // The server's own word, so that it cannot be fooled by how the transaction was opened.
    if (this.#connection.isInTransaction() === true) {
      throw new LocalTransactionOpenError(around.xid, this.#resource.resourceId);
    }
    const attempt = (work: LocalWork, start: Start): Promise<Attempt<QueryResult>> =>
      this.#branch.attemptAutocommit(work, statement, request, start);
    return runAutocommit(this.#resource, around, statement, attempt, contentOf(request));
  }

  /** Cursors and streams run by themselves: they may read, but a write could not be tried again. */
  #submit(
    current: Around | undefined,
    submittable: Submittable,
    values: unknown,
    callback: unknown,
  ): unknown {
    const open = this.#branch.work;
    const around = open ?? current;
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
    if (this.#tail === undefined) {
      this.#connection.sendOpening();
      return this.#original(submittable, values, callback);
    }
    void this.#inTurn(async () => {
      this.#connection.sendOpening();
      return Promise.resolve(this.#original(submittable, values, callback));
    });
    return submittable;
  }
}
