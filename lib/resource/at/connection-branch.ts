import type { LockConflict } from '../../protocol/index.js';
import { messageOf } from '../../protocol/index.js';
import { failpoint, refused } from '../../system/index.js';
import type { AtResource } from './at-resource.js';
import type { Attempt, Start } from './attempt.js';
import { onCredit } from './attempt.js';
import { FirstStatement } from './first-statement.js';
import type { StatementContent } from './hot-rows.js';
import type { CommitAnswer, LocalConnection, LockedRead } from './local-connection.interface.js';
import type { LocalWork } from './local-work.js';
import type { Wanted } from './lock-waiter.js';
import type { Statement, StatementKind } from './statement.js';
import { readsLocked } from './statement.js';
import { commitRefused, conflictInside, refusalOf, translated } from './work-errors.js';

interface ConnectionBranchDeps<Request, Result> {
  readonly resource: AtResource;
  readonly connection: LocalConnection<Request, Result>;
}

/** The local transaction that is open on this connection, if it is part of something. */
interface OpenWork<Request> {
  readonly work: LocalWork;
  /** The application's BEGIN; undefined where it has sent none. */
  readonly begin: Request | undefined;
  /** Statements since BEGIN; a conflict at the first can be waited for and tried again. */
  statementCount: number;
  /** COMMIT was sent: if the connection is lost now, the outcome has to be asked for. */
  isCommitting: boolean;
  /** It failed and cannot be committed; only its end is still to come from the application. */
  failure: { readonly error: unknown } | undefined;
}

/**
 * The branch that is open on one connection, from its BEGIN to its end: marks its local
 * transaction, registers it beside its SQL, and waits for the registration before COMMIT. Work
 * under the global lock alone takes the same way, without a branch.
 */
export class ConnectionBranch<Request, Result> {
  readonly #resource: AtResource;
  readonly #connection: LocalConnection<Request, Result>;
  #open: OpenWork<Request> | undefined;

  constructor({ connection, resource }: ConnectionBranchDeps<Request, Result>) {
    this.#resource = resource;
    this.#connection = connection;
  }

  /** What the local transaction that is open here is part of, if it is of anything. */
  get work(): LocalWork | undefined {
    return this.#open?.work;
  }

  /** The server has told that a statement has written, though it did not look like it. */
  written(): void {
    this.#open?.work.register();
  }

  /** The connection goes back to its pool. Work that is still open would meet its next user. */
  released(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#resource.host.log.warn(
      `A connection of ${this.#resource.resourceId} was released with an open transaction ` +
        `of ${open.work.xid ?? '@GlobalLock'}; it was rolled back. End every transaction before ` +
        `the release.`,
    );
    open.work.rolledBack('the connection was released before the transaction had ended');
    // Queued in the driver before anything that its next user can send.
    this.#connection.rollback(undefined).catch(() => undefined);
  }

  connectionLost(): void {
    const open = this.#open;
    if (open === undefined || open.isCommitting) return;
    this.#open = undefined;
    open.work.rolledBack('the connection was lost');
  }

  /**
   * One run of an autocommit statement as a local transaction of its own.
   *
   * @param start of the attempt
   */
  async attemptAutocommit(
    work: LocalWork,
    statement: Statement,
    request: Request,
    { ahead, credit }: Start,
  ): Promise<Attempt<Result>> {
    const open = this.#openWork(work, undefined);
    try {
      await this.#begin(work, undefined);
      if (ahead !== undefined) await this.#connection.ahead?.(ahead);
      const attempt = await onCredit(credit, () => this.#attempt(work, statement, request));
      if ('conflict' in attempt) {
        await this.#rollbackAfterError();
        return attempt;
      }
      await this.#commit(open, undefined);
      return attempt;
    } catch (error) {
      await this.#rollbackAfterError();
      const met = this.#resource.engine.explain(error);
      if (met?.kind === 'lock-conflict') return { conflict: met.conflict };
      throw translated(this.#resource, work, statement, error);
    } finally {
      this.#open = undefined;
    }
  }

  begin(work: LocalWork, request: Request): Promise<Result> {
    this.#openWork(work, request);
    return this.#begin(work, request).catch(async (error: unknown) => {
      await this.#rollbackAfterError();
      this.#open = undefined;
      work.rolledBack(messageOf(error));
      throw error;
    });
  }

  #begin(work: LocalWork, request: Request | undefined): Promise<Result> {
    const begin = (): Promise<Result> => {
      failpoint('local.begin');
      return this.#connection.begin(work.mark, request, work.preparedName);
    };
    if (work.beforeBegin !== undefined || work.begun !== undefined) {
      return this.#beginBetween(work, begin);
    }
    try {
      return begin();
    } catch (error) {
      return refused(error);
    }
  }

  async #beginBetween(work: LocalWork, begin: () => Promise<Result>): Promise<Result> {
    await work.beforeBegin?.();
    const result = await begin();
    work.begun?.();
    return result;
  }

  /** Runs what the application sends between BEGIN and the end. */
  run(request: Request): Promise<Result> {
    const open = this.#open;
    if (open === undefined) return this.#connection.send(request);
    // Not an async function: this is the hot path, and each async layer costs it promises.
    try {
      return this.#runIn(open, request);
    } catch (refusal) {
      return refused(refusal);
    }
  }

  #runIn(open: OpenWork<Request>, request: Request): Promise<Result> {
    const statement = this.#connection.classify(request);
    if (open.failure !== undefined && !ENDS.has(statement.kind)) throw open.failure.error;
    switch (statement.kind) {
      case 'refused':
        // Without a branch nothing will be undone, so nothing has to be.
        if (open.work.tag === undefined) return this.#connection.send(request);
        throw refusalOf(open.work, statement);
      case 'commit':
        return this.#commitWork(open, request);
      case 'rollback':
        return this.#rollbackWork(open, request);
      default:
        return this.#runStatement(open, statement, request);
    }
  }

  async #runStatement(
    open: OpenWork<Request>,
    statement: Statement,
    request: Request,
  ): Promise<Result> {
    open.statementCount += 1;
    const { work } = open;
    const isFirst = open.statementCount === 1;
    const content = isFirst ? this.#contentOf(statement, request) : undefined;
    if (content !== undefined && this.#resource.lockWaiter.isContended(content)) {
      return this.#runFirst(open, statement, request, { content, isWrite: true });
    }
    let conflict: LockConflict;
    try {
      this.#announce(work, statement);
      if (work.beforeWrite !== undefined) await this.#beforeWrite(open, statement);
      if (!this.#looksForHolders(statement)) {
        const result = await this.#connection.send(request);
        failpoint('local.worked');
        return result;
      }
      const read = await this.#readLocked(work, request);
      if (read.conflict === undefined) return read.result;
      conflict = read.conflict;
    } catch (error) {
      const met = isFirst ? this.#resource.engine.explain(error) : undefined;
      if (met?.kind !== 'lock-conflict') throw this.#afterError(open, statement, error);
      conflict = met.conflict;
    }
    if (isFirst) {
      const isWrite = statement.kind === 'write';
      return this.#runFirst(open, statement, request, { content, conflict, isWrite });
    }
    const error = conflictInside(this.#resource, work, conflict);
    // A read does not undo itself: the locks that it took would stay, and with them the work.
    open.failure = { error };
    throw error;
  }

  /** By which the statement is known again, where it may wait for its row behind BEGIN. */
  #contentOf(statement: Statement, request: Request): StatementContent | undefined {
    const mayWait = this.#connection.waitsInside === true && statement.kind === 'write';
    return mayWait ? this.#connection.contentOf?.(request) : undefined;
  }

  /** What a statement means to the branch is said before it is sent. */
  #announce(work: LocalWork, statement: Statement): void {
    if (statement.kind !== 'write') return;
    work.assertActive(`${statement.label} on ${this.#resource.resourceId}`);
    work.register();
  }

  async #beforeWrite(open: OpenWork<Request>, statement: Statement): Promise<void> {
    if (!NEEDS_FOOTING.has(statement.kind)) return;
    try {
      await open.work.beforeWrite?.(this.#own);
    } catch (error) {
      // The database would go on without it; the application must not be able to.
      open.failure = { error };
      throw error;
    }
  }

  /** What to throw for an error of a statement in the application's local transaction. */
  #afterError(open: OpenWork<Request>, statement: Statement, error: unknown): unknown {
    const thrown = translated(this.#resource, open.work, statement, error);
    // Where the database would go on without what has failed, the application must not be able to.
    if (this.#connection.stateAfter(error) !== 'open') open.failure = { error: thrown };
    return thrown;
  }

  async #attempt(
    work: LocalWork,
    statement: Statement,
    request: Request,
  ): Promise<Attempt<Result>> {
    this.#announce(work, statement);
    if (work.beforeWrite !== undefined && this.#open !== undefined) {
      await this.#beforeWrite(this.#open, statement);
    }
    if (!this.#looksForHolders(statement)) {
      return { result: await this.#connection.send(request) };
    }
    const { conflict, result } = await this.#readLocked(work, request);
    return conflict === undefined ? { result } : { conflict };
  }

  /** Where nothing is captured, nobody holds a row but by the database's own locks. */
  #looksForHolders(statement: Statement): boolean {
    return readsLocked(statement) && this.#resource.mode === 'AT';
  }

  async #readLocked(work: LocalWork, request: Request): Promise<LockedRead<Result>> {
    const { xid } = work;
    if (this.#connection.readLocked !== undefined) {
      return this.#connection.readLocked(request, xid);
    }
    const result = await this.#connection.send(request);
    return { result, conflict: await this.#connection.holderOfRead?.(request, xid) };
  }

  async #runFirst(
    open: OpenWork<Request>,
    statement: Statement,
    request: Request,
    wanted: Wanted,
  ): Promise<Result> {
    const first = new FirstStatement<Result>({
      begin: () => this.#begin(open.work, open.begin),
      attempt: async (ahead) => {
        if (ahead !== undefined) await this.#sendAhead(open, ahead);
        return this.#attemptOrConflict(open.work, statement, request);
      },
      rollback: () => this.#connection.rollback(undefined),
      foretell: (text) => this.#connection.foretell?.(text),
    });
    try {
      return await first.run(this.#resource.lockWaiter, open.work, wanted);
    } catch (error) {
      // It is the application's own local transaction still, and it will have to end it.
      if (first.isBehindBegin) throw this.#afterError(open, statement, error);
      await this.#rollbackAfterError();
      // Without this mark the application's next statement would run outside any transaction,
      // and outside capture.
      open.failure = { error };
      throw error;
    }
  }

  async #sendAhead(open: OpenWork<Request>, ahead: string): Promise<void> {
    try {
      await this.#connection.ahead?.(ahead);
    } catch (error) {
      // What it was to take back may still stand, so nothing may be written behind it.
      open.failure = { error };
      throw error;
    }
  }

  async #attemptOrConflict(
    work: LocalWork,
    statement: Statement,
    request: Request,
  ): Promise<Attempt<Result>> {
    try {
      return await this.#attempt(work, statement, request);
    } catch (error) {
      const met = this.#resource.engine.explain(error);
      if (met?.kind !== 'lock-conflict') throw error;
      return met;
    }
  }

  #commitWork(open: OpenWork<Request>, request: Request): Promise<Result> {
    return this.#commit(open, request).then(
      (result) => {
        this.#open = undefined;
        return result;
      },
      (error: unknown) => this.#commitFailed(open, error),
    );
  }

  async #commitFailed({ work }: OpenWork<Request>, error: unknown): Promise<never> {
    await this.#rollbackAfterError();
    work.rolledBack(messageOf(error));
    this.#open = undefined;
    const statement: Statement = { kind: 'commit', label: 'COMMIT' };
    throw translated(this.#resource, work, statement, error);
  }

  async #commit(open: OpenWork<Request>, request: Request | undefined): Promise<Result> {
    const { failure, work } = open;
    if (failure !== undefined) {
      throw commitRefused(this.#resource, work, { cause: failure.error });
    }
    await work.beforeCommit(this.#hasWritten, this.#own);
    failpoint('local.registered');
    open.isCommitting = true;
    let answer: CommitAnswer<Result>;
    try {
      const sent = this.#connection.commit(request, work.preparedName);
      failpoint('local.commit.sent');
      answer = await sent;
    } catch (error) {
      if (this.#connection.isRefusal(error)) throw work.explained?.(error) ?? error;
      await work.commitLost(error, this.#connection.sessionId);
      return this.#connection.committedResult;
    }
    if (!answer.committed) throw commitRefused(this.#resource, work);
    work.committed(answer.hold);
    return answer.result;
  }

  readonly #own = (text: string): Promise<number> => this.#connection.own(text);

  readonly #hasWritten = async (): Promise<boolean> =>
    (await this.#connection.hasWritten?.()) ?? false;

  async #rollbackWork(open: OpenWork<Request>, request: Request): Promise<Result> {
    try {
      return await this.#connection.rollback(request);
    } finally {
      this.#open = undefined;
      open.work.rolledBack('rolled back by the application');
    }
  }

  /** Leaves the connection outside a transaction; one that is gone is so anyway. */
  async #rollbackAfterError(): Promise<void> {
    if (this.#connection.isInTransaction() === false) return;
    await this.#connection.rollback(undefined).catch(() => undefined);
  }

  #openWork(work: LocalWork, begin: Request | undefined): OpenWork<Request> {
    const open = {
      work,
      begin,
      statementCount: 0,
      isCommitting: false,
      failure: undefined,
    };
    this.#open = open;
    return open;
  }
}

/**
 * Before these stands what the work needs. Before a savepoint too: what is written behind one goes
 * with it, and what comes later would have nothing to stand on.
 */
const NEEDS_FOOTING: ReadonlySet<StatementKind> = new Set(['write', 'locking-read', 'savepoint']);

const ENDS: ReadonlySet<StatementKind> = new Set(['commit', 'rollback']);
