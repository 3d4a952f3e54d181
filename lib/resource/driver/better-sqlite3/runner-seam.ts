import { ConnectionWaitError, LocalTransactionOpenError } from '../../../protocol/index.js';
import type { Around, Statement } from '../../at/index.js';
import {
  ConnectionBranch,
  currentAround,
  refusalOf,
  runAutocommit,
  workOf,
} from '../../at/index.js';
import { changesSchema } from './classify-statement.js';
import { SqliteConnection } from './sqlite-connection.js';
import type { SqliteRequest } from './sqlite-connection.js';
import type { SqliteFile } from './sqlite-file.js';

/**
 * Stands in front of one query runner. It keeps the connection for a local transaction from BEGIN
 * to its end, inside and outside of global transactions; inside, it makes each one a branch.
 */
export class RunnerSeam {
  readonly #file: SqliteFile;
  /** Both are made for the first statement in a global transaction; most runners have none. */
  #madeConnection: SqliteConnection | undefined;
  #made: ConnectionBranch<SqliteRequest, unknown> | undefined;
  readonly #inside: RunnerSeam | undefined;
  /** Settles when the calls that were made before are done. */
  #tail: Promise<unknown> | undefined;

  /** @param inside the seam that has the connection and waits for this one */
  constructor(file: SqliteFile, inside: RunnerSeam | undefined) {
    this.#file = file;
    this.#inside = inside;
  }

  get #connection(): SqliteConnection {
    this.#madeConnection ??= new SqliteConnection(this.#file, this);
    return this.#madeConnection;
  }

  get #branch(): ConnectionBranch<SqliteRequest, unknown> {
    this.#made ??= new ConnectionBranch({
      resource: this.#file.resource,
      connection: this.#connection,
    });
    return this.#made;
  }

  /** Whether code that runs in this context would wait for itself, were it not let in. */
  get hasConnection(): boolean {
    return this.#file.turns.holder === this || this.#made?.work !== undefined;
  }

  /** @param isNested the call comes from inside of another statement of this runner */
  query(request: SqliteRequest, isNested: boolean): Promise<unknown> {
    const around = currentAround();
    if (around === undefined && this.#made?.work === undefined) return this.#plain(request);
    return isNested ? this.#run(around, request) : this.#inTurn(() => this.#run(around, request));
  }

  /** Nobody uses the runner any more; a transaction that is open would keep the connection. */
  released(): void {
    this.#made?.released();
    const { database, resource, turns } = this.#file;
    if (turns.holder !== this || !database.inTransaction) return;
    database.exec('ROLLBACK');
    turns.end(this);
    resource.warn(
      `A query runner of ${resource.resourceId} was released with an open transaction; it was ` +
        `rolled back. End every transaction before the release.`,
    );
  }

  /** Callers may send statements without awaiting them; they run in the order of the calls. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#tail === undefined ? work() : this.#tail.then(work, work);
    const tail = running.then(ignore, ignore).then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
    return running;
  }

  async #run(around: Around | undefined, request: SqliteRequest): Promise<unknown> {
    if (this.#branch.work !== undefined) return this.#branch.run(request);
    if (around === undefined) return this.#plain(request);
    const statement = this.#connection.classify(request);
    const { resource } = this.#file;
    const what = `${statement.label} on ${resource.resourceId}`;
    switch (statement.kind) {
      case 'refused':
        // Under the global lock alone nothing will be undone, so nothing has to be.
        if (around.xid === undefined) return this.#plain(request);
        around.assertActive(what);
        throw refusalOf(around, statement);
      case 'begin':
        this.#assertNotInside(around);
        return this.#branch.begin(workOf(resource, around, what), request);
      case 'savepoint':
        if (around.xid === undefined || this.#connection.isInTransaction()) {
          return this.#plain(request);
        }
        throw refusalOf(around, { ...statement, reason: NO_TRANSACTION });
      case 'write':
      case 'locking-read':
        return this.#runAutocommit(around, statement, request);
      default:
        return this.#plain(request);
    }
  }

  async #runAutocommit(
    around: Around,
    statement: Statement,
    request: SqliteRequest,
  ): Promise<unknown> {
    if (statement.kind !== 'write' && !around.isActive) return this.#plain(request);
    if (this.#connection.isInTransaction()) {
      throw new LocalTransactionOpenError(around.xid, this.#file.resource.resourceId);
    }
    this.#assertNotInside(around);
    return runAutocommit(this.#file.resource, around, statement, (work) =>
      this.#branch.attemptAutocommit(work, statement, request, {}),
    );
  }

  /** Past capture, but in its turn. */
  #plain(request: SqliteRequest): Promise<unknown> {
    // Not an async function: everything outside of global transactions comes this way.
    return this.#file.turns.tryTake(this) ? this.#runPlain(request) : this.#waitPlain(request);
  }

  #waitPlain(request: SqliteRequest): Promise<unknown> {
    if (this.#isInsideHolder()) return this.#runInside(request);
    return this.#file.turns.take(this).then(() => this.#runPlain(request));
  }

  /** Reading needs no turn; with anything else it would wait for whom it is inside of. */
  async #runInside(request: SqliteRequest): Promise<unknown> {
    if (this.#connection.classify(request).kind !== 'read') this.#refuseInside(currentAround());
    return request.run();
  }

  #runPlain(request: SqliteRequest): Promise<unknown> {
    let running: Promise<unknown>;
    try {
      this.#prepareFor(request);
      running = request.run();
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- not ours
      running = Promise.reject(error);
    }
    return running.then(this.#succeeded, this.#failed);
  }

  readonly #succeeded = (result: unknown): unknown => {
    this.#givePlain();
    return result;
  };

  readonly #failed = (error: unknown): never => {
    this.#givePlain();
    throw error;
  };

  #givePlain(): void {
    const { capture, turns } = this.#file;
    const isInTransaction = capture.database.inTransaction;
    try {
      if (!isInTransaction) capture.restoreTriggers();
    } finally {
      turns.give(this, isInTransaction);
    }
  }

  #prepareFor({ sql }: SqliteRequest): void {
    const { capture, database, isGuarding } = this.#file;
    if (changesSchema(sql)) capture.dropTriggers();
    else if (isGuarding && !database.inTransaction) capture.ready();
  }

  /** Whether the transaction that has the connection waits for this very call. */
  #isInsideHolder(): boolean {
    return this.#inside !== undefined && this.#file.turns.holder === this.#inside;
  }

  #assertNotInside(around: Around | undefined): void {
    if (this.#isInsideHolder()) this.#refuseInside(around);
  }

  #refuseInside(around: Around | undefined): never {
    const { resourceId } = this.#file.resource;
    if (around !== undefined) throw new LocalTransactionOpenError(around.xid, resourceId);
    throw new ConnectionWaitError(resourceId, 0);
  }
}

const ignore = (): undefined => undefined;

const NO_TRANSACTION =
  'outside of a transaction it would open one that is no branch. Begin a transaction first.';
