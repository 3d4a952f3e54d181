import type { QueryResult } from 'pg';

import type { LockConflict } from '../../../protocol/index.js';
import { messageOf } from '../../../protocol/index.js';
import type { GlobalTransaction } from '../../../transaction/index.js';
import type { AtResource } from '../../at/index.js';
import { LocalBranch } from '../../at/index.js';
import type { Attempt } from './autocommit.js';
import type { Statement, StatementKind } from './classify-statement.js';
import { classifyStatement } from './classify-statement.js';
import type { PgRequest } from './pg-request.js';
import { isPlainText } from './pg-request.js';
import { commitRefused, refusalOf, translated } from './seam-errors.js';
import { isRefusalByServer } from './server-error.js';

/** Sends to the server, past the seam. */
export type Send = (config: unknown, values?: unknown) => Promise<QueryResult>;

interface ConnectionBranchDeps {
  readonly resource: AtResource;
  readonly send: Send;
  /** The server's own word; undefined where the driver does not pass it on. */
  readonly serverIsInTransaction: () => boolean | undefined;
}

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
 * The branch that is open on one connection, from its BEGIN to its end: tags its local transaction,
 * registers it beside its SQL, and waits for the registration before COMMIT.
 */
export class ConnectionBranch {
  readonly #deps: ConnectionBranchDeps;
  #open: OpenBranch | undefined;

  constructor(deps: ConnectionBranchDeps) {
    this.#deps = deps;
  }

  /** Whether a local transaction is open that is a branch. */
  get transaction(): GlobalTransaction | undefined {
    return this.#open?.transaction;
  }

  /** The server has told that a statement has written, though it did not look like it. */
  written(): void {
    this.#open?.branch.register();
  }

  /** The client goes back to its pool. A branch that is still open would meet its next user. */
  released(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#deps.resource.host.log.warn(
      `A connection of ${this.#deps.resource.resourceId} was released with an open transaction ` +
        `of ${open.branch.tag.xid}; it was rolled back. End every transaction before release().`,
    );
    open.branch.rolledBack('the connection was released before the transaction had ended');
    // Queued in the client before anything that its next user can send.
    this.#deps.send('ROLLBACK').catch(() => undefined);
  }

  connectionLost(): void {
    const open = this.#open;
    if (open === undefined || open.isCommitting) return;
    this.#open = undefined;
    open.branch.rolledBack('the connection was lost');
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
      await this.#deps.send(`BEGIN; ${this.#deps.resource.engine.tagStatement(branch.tag)}`);
      if (statement.kind === 'write') branch.register();
      const result = await this.#deps.send(request.config, request.values);
      await this.#commit(open, 'COMMIT');
      return { result };
    } catch (error) {
      await this.#rollbackAfterError();
      const met = this.#deps.resource.engine.explain(error);
      if (met?.kind === 'lock-conflict') return { conflict: met.conflict };
      throw translated(this.#deps.resource, branch, statement, error);
    } finally {
      this.#open = undefined;
    }
  }

  async begin(transaction: GlobalTransaction, request: PgRequest): Promise<QueryResult> {
    const branch = new LocalBranch(this.#deps.resource, transaction);
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
    const tag = this.#deps.resource.engine.tagStatement(branch.tag);
    if (!isPlainText(request)) {
      const begun = await this.#deps.send(request.config, request.values);
      await this.#deps.send(tag);
      return begun;
    }
    // A line break, since the text may end in a comment.
    const results: unknown = await this.#deps.send(`${request.text}\n; ${tag}`);
    return (Array.isArray(results) ? results[0] : results) as QueryResult;
  }

  /** Runs what the application sends between BEGIN and the end. */
  async run(request: PgRequest): Promise<QueryResult> {
    const open = this.#open;
    if (open === undefined) return this.#deps.send(request.config, request.values);
    const statement = classifyStatement(request.text);
    if (open.failure !== undefined && !ENDS.has(statement.kind)) throw open.failure.error;
    switch (statement.kind) {
      case 'refused':
        throw refusalOf(open.transaction, statement);
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
      open.transaction.assertActive(`${statement.label} on ${this.#deps.resource.resourceId}`);
      open.branch.register();
    }
    open.statementCount += 1;
    try {
      return await this.#deps.send(request.config, request.values);
    } catch (error) {
      const met = this.#deps.resource.engine.explain(error);
      if (met?.kind === 'lock-conflict' && open.statementCount === 1) {
        return this.#retryFirst(open, request, met.conflict);
      }
      throw translated(this.#deps.resource, open.branch, statement, error);
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
      await this.#deps.send('ROLLBACK');
      return await this.#deps.resource.lockWaiter.retry(tag.xid, conflict, () =>
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
    const { engine } = this.#deps.resource;
    await this.#deps.send(`${open.beginText}\n; ${engine.tagStatement(open.branch.tag)}`);
    try {
      return { result: await this.#deps.send(request.config, request.values) };
    } catch (error) {
      const met = engine.explain(error);
      if (met?.kind !== 'lock-conflict') throw error;
      await this.#deps.send('ROLLBACK');
      return { conflict: met.conflict };
    }
  }

  async #commitBranch(open: OpenBranch, request: PgRequest): Promise<QueryResult> {
    try {
      if (open.failure !== undefined) throw commitRefused(this.#deps.resource, open.branch);
      return await this.#commit(open, request.config, request.values);
    } catch (error) {
      await this.#rollbackAfterError();
      open.branch.rolledBack(messageOf(error));
      throw translated(
        this.#deps.resource,
        open.branch,
        { kind: 'commit', label: 'COMMIT' },
        error,
      );
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
      result = await this.#deps.send(config, values);
    } catch (error) {
      if (isRefusalByServer(error)) throw error;
      await branch.commitLost(transaction, error);
      return COMMITTED;
    }
    if (result.command !== 'COMMIT') throw commitRefused(this.#deps.resource, branch);
    branch.committed();
    return result;
  }

  async #rollbackBranch(open: OpenBranch, request: PgRequest): Promise<QueryResult> {
    try {
      return await this.#deps.send(request.config, request.values);
    } finally {
      this.#open = undefined;
      open.branch.rolledBack('rolled back by the application');
    }
  }

  /** Leaves the connection outside a transaction; a connection that is gone is so anyway. */
  async #rollbackAfterError(): Promise<void> {
    if (this.#deps.serverIsInTransaction() !== false)
      await this.#deps.send('ROLLBACK').catch(ignore);
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
}

const COMMITTED = { command: 'COMMIT', rowCount: null, oid: 0, rows: [], fields: [] };

const ENDS: ReadonlySet<StatementKind> = new Set(['commit', 'rollback']);

const ignore = (): undefined => undefined;
