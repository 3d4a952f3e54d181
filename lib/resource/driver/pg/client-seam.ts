import type { ClientBase, QueryResult } from 'pg';

import type { LockConflict } from '../../../protocol/index.js';
import {
  FencedError,
  LocalCommitRefusedError,
  LocalTransactionOpenError,
  LockConflictError,
  StatementRefusedError,
  TableNotCoveredError,
  messageOf,
} from '../../../protocol/index.js';
import type { GlobalTransaction } from '../../../transaction/index.js';
import { currentTransaction } from '../../../transaction/index.js';
import type { AtResource } from '../../at/index.js';
import { LocalBranch } from '../../at/index.js';
import type { Statement, StatementKind } from './classify-statement.js';
import { classifyStatement } from './classify-statement.js';
import type { PgRequest, Submittable } from './pg-request.js';
import { answer, isPlainText, isSubmittable, toRequest } from './pg-request.js';
import { isRefusalByServer } from './server-error.js';

type Query = (config: unknown, values?: unknown, callback?: unknown) => unknown;
type Send = (config: unknown, values?: unknown) => Promise<QueryResult>;

/** What one run of an autocommit statement came to. */
export type Attempt = { readonly conflict: LockConflict } | { readonly result: QueryResult };

/** The local transaction that is open on this connection, if it is a branch. */
interface OpenBranch {
  readonly branch: LocalBranch;
  readonly transaction: GlobalTransaction;
  readonly beginText: string;
  /** Statements since BEGIN; a conflict at the first can be waited for and tried again. */
  statementCount: number;
  /** COMMIT was sent: if the connection is lost now, the outcome has to be asked for. */
  isCommitting: boolean;
  /** It failed and is rolled back already; only its end is still to come from the application. */
  failure: { readonly error: unknown } | undefined;
}

/**
 * Stands in front of one pg client. Outside a global transaction it passes every call on as it is.
 * Inside, it makes each local transaction a branch: tags it, registers it beside its SQL, and waits
 * for the registration before COMMIT.
 */
export class ClientSeam {
  readonly #client: ClientBase;
  readonly #resource: AtResource;
  readonly #original: Query;
  #open: OpenBranch | undefined;
  /** Settles when the calls that the seam has taken on are done; undefined when there are none. */
  #tail: Promise<unknown> | undefined;

  constructor(client: ClientBase, resource: AtResource) {
    this.#client = client;
    this.#resource = resource;
    this.#original = client.query.bind(client);
    client.query = this.#query as typeof client.query;
    client.on('notice', (notice) => {
      if (this.#open !== undefined && resource.engine.isCaptureNotice(notice)) {
        this.#open.branch.register();
      }
    });
    client.on('end', () => {
      this.#connectionLost();
    });
  }

  /** The client goes back to its pool. A branch that is still open would meet its next user. */
  released(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#resource.host.log.warn(
      `A connection of ${this.#resource.resourceId} was released with an open transaction of ` +
        `${open.branch.tag.xid}; it was rolled back. End every transaction before release().`,
    );
    open.branch.rolledBack('the connection was released before the transaction had ended');
    // Queued in the client before anything that its next user can send.
    this.#send('ROLLBACK').catch(() => undefined);
  }

  /** One run of an autocommit statement as a local transaction of its own. */
  async attemptAutocommit(
    branch: LocalBranch,
    transaction: GlobalTransaction,
    statement: Statement,
    request: PgRequest,
  ): Promise<Attempt> {
    const open = this.#openBranch(branch, transaction, 'BEGIN');
    try {
      await this.#send(`BEGIN; ${this.#resource.engine.tagStatement(branch.tag)}`);
      if (statement.kind === 'write') branch.register();
      const result = await this.#send(request.config, request.values);
      await this.#commit(open, 'COMMIT');
      return { result };
    } catch (error) {
      await this.#rollbackAfterError();
      const met = this.#resource.engine.explain(error);
      if (met?.kind === 'lock-conflict') return { conflict: met.conflict };
      throw this.#translate(branch, statement, error);
    } finally {
      this.#open = undefined;
    }
  }

  readonly #send: Send = (config, values) => this.#original(config, values) as Promise<QueryResult>;

  readonly #query: Query = (config, values, callback) => {
    const transaction = currentTransaction();
    if (transaction === undefined && this.#open === undefined && this.#tail === undefined) {
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
    if (this.#open !== undefined) return this.#runInBranch(this.#open, request);
    if (transaction === undefined) return this.#send(request.config, request.values);
    const statement = classifyStatement(request.text);
    switch (statement.kind) {
      case 'refused':
        transaction.assertActive(`${statement.label} on ${this.#resource.resourceId}`);
        throw this.#refusal(transaction, statement);
      case 'begin':
        return this.#begin(transaction, request);
      case 'write':
      case 'maybe-write':
        return this.#runAutocommit(transaction, statement, request);
      default:
        return this.#send(request.config, request.values);
    }
  }

  async #begin(transaction: GlobalTransaction, request: PgRequest): Promise<QueryResult> {
    const branch = new LocalBranch(this.#resource, transaction);
    this.#openBranch(branch, transaction, request.text);
    try {
      return await this.#sendBegin(branch, request);
    } catch (error) {
      await this.#rollbackAfterError();
      this.#open = undefined;
      branch.rolledBack(messageOf(error));
      throw error;
    }
  }

  /** The tag travels in BEGIN's packet, before any savepoint could take it away again. */
  async #sendBegin(branch: LocalBranch, request: PgRequest): Promise<QueryResult> {
    const tag = this.#resource.engine.tagStatement(branch.tag);
    if (!isPlainText(request)) {
      const begun = await this.#send(request.config, request.values);
      await this.#send(tag);
      return begun;
    }
    // A line break, since the text may end in a comment.
    const results: unknown = await this.#send(`${request.text}\n; ${tag}`);
    return (Array.isArray(results) ? results[0] : results) as QueryResult;
  }

  async #runInBranch(open: OpenBranch, request: PgRequest): Promise<QueryResult> {
    const statement = classifyStatement(request.text);
    if (open.failure !== undefined && !ENDS.has(statement.kind)) throw open.failure.error;
    switch (statement.kind) {
      case 'refused':
        throw this.#refusal(open.transaction, statement);
      case 'commit':
        return this.#commitBranch(open, request);
      case 'rollback':
        return this.#rollbackBranch(open, request);
      default:
        return this.#runStatement(open, statement, request);
    }
  }

  async #runStatement(
    open: OpenBranch,
    statement: Statement,
    request: PgRequest,
  ): Promise<QueryResult> {
    if (statement.kind === 'write') {
      open.transaction.assertActive(`${statement.label} on ${this.#resource.resourceId}`);
      open.branch.register();
    }
    open.statementCount += 1;
    try {
      return await this.#send(request.config, request.values);
    } catch (error) {
      const met = this.#resource.engine.explain(error);
      if (met?.kind === 'lock-conflict' && open.statementCount === 1) {
        return this.#retryFirst(open, request, met.conflict);
      }
      throw this.#translate(open.branch, statement, error);
    }
  }

  /**
   * The first statement of a local transaction can be run again without its caller noticing: only
   * BEGIN came before it. The rollback frees the row locks, so nobody waits for us meanwhile.
   */
  async #retryFirst(
    open: OpenBranch,
    request: PgRequest,
    conflict: LockConflict,
  ): Promise<QueryResult> {
    const { tag } = open.branch;
    try {
      await this.#send('ROLLBACK');
      return await this.#resource.lockWaiter.retry(tag.xid, conflict, () =>
        this.#attemptFirst(open, request),
      );
    } catch (error) {
      await this.#rollbackAfterError();
      // Without this mark the application's next statement would run outside any transaction,
      // and outside capture.
      open.failure = { error };
      throw error;
    }
  }

  async #attemptFirst(open: OpenBranch, request: PgRequest): Promise<Attempt> {
    const { engine } = this.#resource;
    await this.#send(`${open.beginText}\n; ${engine.tagStatement(open.branch.tag)}`);
    try {
      return { result: await this.#send(request.config, request.values) };
    } catch (error) {
      const met = engine.explain(error);
      if (met?.kind !== 'lock-conflict') throw error;
      await this.#send('ROLLBACK');
      return { conflict: met.conflict };
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
      this.attemptAutocommit(branch, transaction, statement, request),
    );
  }

  /** undefined with a pg that is too old to tell. */
  #serverIsInTransaction(): boolean | undefined {
    const { getTransactionStatus } = this.#client as { getTransactionStatus?: () => string | null };
    const status = getTransactionStatus?.call(this.#client);
    return typeof status === 'string' ? status !== 'I' : undefined;
  }

  async #commitBranch(open: OpenBranch, request: PgRequest): Promise<QueryResult> {
    try {
      if (open.failure !== undefined) throw this.#commitRefused(open.branch);
      return await this.#commit(open, request.config, request.values);
    } catch (error) {
      await this.#rollbackAfterError();
      open.branch.rolledBack(messageOf(error));
      throw this.#translate(open.branch, { kind: 'commit', label: 'COMMIT' }, error);
    } finally {
      this.#open = undefined;
    }
  }

  async #commit(open: OpenBranch, config: unknown, values?: unknown): Promise<QueryResult> {
    const { branch, transaction } = open;
    await branch.beforeCommit();
    open.isCommitting = true;
    let result: QueryResult;
    try {
      result = await this.#send(config, values);
    } catch (error) {
      if (isRefusalByServer(error)) throw error;
      await branch.commitLost(transaction, error);
      return COMMITTED;
    }
    if (result.command !== 'COMMIT') throw this.#commitRefused(branch);
    branch.committed();
    return result;
  }

  /** PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK and no error. */
  #commitRefused(branch: LocalBranch): LocalCommitRefusedError {
    return new LocalCommitRefusedError(
      branch.tag.xid,
      branch.tag.branchId,
      this.#resource.resourceId,
      'a statement in it had failed before. Do not swallow the error of a statement: roll back, ' +
        'or put a savepoint before it.',
    );
  }

  async #rollbackBranch(open: OpenBranch, request: PgRequest): Promise<QueryResult> {
    try {
      return await this.#send(request.config, request.values);
    } finally {
      this.#open = undefined;
      open.branch.rolledBack('rolled back by the application');
    }
  }

  /** Leaves the connection outside a transaction; a connection that is gone is so anyway. */
  async #rollbackAfterError(): Promise<void> {
    if (this.#serverIsInTransaction() !== false) await this.#send('ROLLBACK').catch(ignore);
  }

  #openBranch(branch: LocalBranch, transaction: GlobalTransaction, beginText: string): OpenBranch {
    const open = {
      branch,
      transaction,
      beginText,
      statementCount: 0,
      isCommitting: false,
      failure: undefined,
    };
    this.#open = open;
    return open;
  }

  #connectionLost(): void {
    const open = this.#open;
    if (open === undefined || open.isCommitting) return;
    this.#open = undefined;
    open.branch.rolledBack('the connection was lost');
  }

  /** Cursors and streams run by themselves: they may read, but a write could not be tried again. */
  #submit(
    transaction: GlobalTransaction | undefined,
    submittable: Submittable,
    values: unknown,
    callback: unknown,
  ): unknown {
    const around = this.#open?.transaction ?? transaction;
    const statement = classifyStatement(submittable.text ?? submittable.cursor?.text ?? '');
    const reads = statement.kind === 'read' || (this.#open && statement.kind === 'maybe-write');
    if (around !== undefined && reads !== true) {
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

  #refusal(transaction: GlobalTransaction, statement: Statement): StatementRefusedError {
    const { label, reason = '' } = statement;
    return new StatementRefusedError(transaction.xid, label, reason);
  }

  /** Gives errors that capture has raised their own class; all others stay as they are. */
  #translate(branch: LocalBranch, statement: Statement, error: unknown): unknown {
    const { engine, resourceId } = this.#resource;
    const { branchId, xid } = branch.tag;
    const met = engine.explain(error);
    const cause = { cause: error };
    switch (met?.kind) {
      case undefined:
        return error;
      case 'fenced':
        return new FencedError(xid, branchId, resourceId, cause);
      case 'refused':
        return statement.kind === 'write'
          ? new TableNotCoveredError(xid, resourceId, met.reason, cause)
          : new StatementRefusedError(xid, statement.label, met.reason, cause);
      case 'lock-conflict':
        return new LockConflictError(xid, resourceId, met.conflict, IN_TRANSACTION, cause);
    }
  }
}

/** Runs one autocommit statement as a branch, and again when it had to wait for a row. */
export async function runAutocommit(
  resource: AtResource,
  transaction: GlobalTransaction,
  statement: Statement,
  attempt: (branch: LocalBranch) => Promise<Attempt>,
): Promise<QueryResult> {
  transaction.assertActive(`${statement.label} on ${resource.resourceId}`);
  const branch = new LocalBranch(resource, transaction);
  try {
    const first = await attempt(branch);
    if ('result' in first) return first.result;
    const { xid } = branch.tag;
    return await resource.lockWaiter.retry(xid, first.conflict, () => attempt(branch));
  } catch (error) {
    branch.rolledBack(messageOf(error));
    throw error;
  }
}

const COMMITTED = { command: 'COMMIT', rowCount: null, oid: 0, rows: [], fields: [] };

const ENDS: ReadonlySet<StatementKind> = new Set(['commit', 'rollback']);

const IN_TRANSACTION =
  'Its local transaction has already done work, so it cannot wait here: roll back and run the ' +
  'whole global transaction again (the error is retryable), or write the contended row first.';

const ignore = (): undefined => undefined;
