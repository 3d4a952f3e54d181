import type { RollbackReason } from '../status.js';
import { DtxError } from './dtx.error.js';

/** `Propagation.NESTED` was asked for. @publicApi */
export class NestedNotSupportedError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_NESTED';

  constructor(readonly method: string) {
    super(
      `${method} asks for Propagation.NESTED, which a global transaction cannot offer: its ` +
        `databases share no savepoint. Use REQUIRES_NEW for work that ends on its own, or a ` +
        `savepoint of the local transaction for work in one database.`,
    );
  }
}

/** `Propagation.MANDATORY` without a global transaction. @publicApi */
export class TransactionRequiredError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_REQUIRED';

  constructor(readonly method: string) {
    super(
      `${method} runs only inside a global transaction (Propagation.MANDATORY), and none is ` +
        `active. Call it from a @GlobalTransactional method; if the caller is in another ` +
        `service, check that its request carried the TX_XID header.`,
    );
  }
}

/** `Propagation.NEVER` inside a global transaction. @publicApi */
export class TransactionNotAllowedError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_NOT_ALLOWED';

  constructor(
    readonly method: string,
    readonly xid: string,
  ) {
    super(
      `${method} must not run inside a global transaction (Propagation.NEVER), and ${xid} is ` +
        `active. Call it outside, or use NOT_SUPPORTED to suspend the transaction around it.`,
    );
  }
}

/** Something still ran in the context of a global transaction that has ended. @publicApi */
export class TransactionFinishedError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_FINISHED';

  constructor(
    readonly xid: string,
    what: string,
  ) {
    super(
      `${what} came after global transaction ${xid} had ended, so it can no longer be part of ` +
        `it. Usually a promise was not awaited or a timer outlived the method: await it, or run ` +
        `it with Propagation.REQUIRES_NEW or NOT_SUPPORTED.`,
    );
  }
}

/** Commit was refused because somebody had marked the transaction rollback-only. @publicApi */
export class RollbackOnlyError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_ROLLBACK_ONLY';

  constructor(
    readonly xid: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `Global transaction ${xid} was rolled back, not committed: it had been marked ` +
        `rollback-only (${reason}). If that failure may be survived, list it in noRollbackFor of ` +
        `the method that threw it.`,
      options,
    );
  }
}

/** The coordinator rolled back before the commit arrived, since the time was up. @publicApi */
export class TransactionTimedOutError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_TIMED_OUT';

  constructor(
    readonly xid: string,
    readonly timeoutMs: number,
  ) {
    super(
      `Global transaction ${xid} was rolled back: it was not committed within its timeoutMs of ` +
        `${String(timeoutMs)}. Shorten the work, or raise timeoutMs in @GlobalTransactional.`,
    );
  }
}

/** The commit came too late: the decision was to roll back. @publicApi */
export class TransactionRolledBackError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_ROLLED_BACK';

  constructor(
    readonly xid: string,
    readonly reason: RollbackReason | 'absent',
  ) {
    super(
      `Global transaction ${xid} was not committed: the coordinator has rolled it back ` +
        `(${reason}). All its branches are or will be restored; begin a new one to try again.`,
    );
  }
}

/** The answer was lost: the transaction may have been committed or not. @publicApi */
export class OutcomeUnknownError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_OUTCOME_UNKNOWN';

  constructor(
    readonly xid: string,
    what: string,
    options?: ErrorOptions,
  ) {
    super(
      `The answer to "${what}" of global transaction ${xid} was lost, so its outcome is unknown ` +
        `here. Do not run the work again: ask TransactionManager.status("${xid}") first.`,
      options,
    );
  }
}

/** A local transaction or branch was still open when the commit was asked for. @publicApi */
export class BranchStillOpenError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_BRANCH_OPEN';

  constructor(
    readonly xid: string,
    readonly openCount: number,
  ) {
    super(
      `Global transaction ${xid} cannot commit and was rolled back: ${String(openCount)} local ` +
        `transaction(s) of it were still open. Await every query and every transaction() that ` +
        `the method starts.`,
    );
  }
}

/** Commit or rollback by somebody who did not begin the transaction. @publicApi */
export class NotLauncherError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_NOT_LAUNCHER';

  constructor(
    readonly xid: string,
    what: string,
  ) {
    super(
      `${what} of global transaction ${xid} belongs to the service that began it. A service that ` +
        `takes part throws, or calls setRollbackOnly().`,
    );
  }
}

/** A method turned out to return an Observable only when it was called. @publicApi */
export class ObservableNotDeclaredError extends DtxError {
  static override readonly code = 'DTX_ERR_TM_OBSERVABLE';

  constructor(readonly method: string) {
    super(
      `${method} returned an Observable, but was not known to: its work would start after the ` +
        `commit. Declare its return type as Observable<…> (with emitDecoratorMetadata), or write ` +
        `@GlobalTransactional({ returns: 'observable' }). The transaction was rolled back.`,
    );
  }
}
