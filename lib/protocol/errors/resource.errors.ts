import { DtxError } from './dtx.error.js';

/** A row and the transaction that holds it. */
export interface LockConflict {
  /** The table, with its schema. */
  readonly table: string;
  /** The primary key as the undo row names it. */
  readonly key: string;
  readonly holderXid: string;
}

/**
 * Another global transaction holds a row that this one writes, or reads with a lock. Retryable as a
 * whole. `xid` is undefined for work under `@GlobalLock` alone.
 *
 * @publicApi
 */
export class LockConflictError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_LOCK_CONFLICT';
  override readonly retryable = true;
  readonly table: string;
  readonly key: string;
  readonly holderXid: string;
  /**
   * Whether it was chosen to give up because global transactions waited for each other in a circle.
   * The others go on when its own has rolled back; then it can be run again.
   */
  readonly isDeadlock: boolean;

  constructor(
    readonly xid: string | undefined,
    readonly resourceId: string,
    conflict: LockConflict,
    advice: string,
    options?: ErrorOptions & { readonly isDeadlock?: boolean },
  ) {
    super(
      `Row ${conflict.key} of ${conflict.table} (${resourceId}) is locked by global transaction ` +
        `${conflict.holderXid}, so ${xid ?? 'work under @GlobalLock'} cannot have it. ${advice}`,
      options,
    );
    this.table = conflict.table;
    this.key = conflict.key;
    this.holderXid = conflict.holderXid;
    this.isDeadlock = options?.isDeadlock ?? false;
  }
}

/** Phase one arrived after phase two of the same branch; it has no effect. @publicApi */
export class FencedError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_FENCED';

  constructor(
    readonly xid: string,
    readonly branchId: string,
    readonly resourceId: string,
    options?: ErrorOptions,
  ) {
    super(
      `Branch ${branchId} of global transaction ${xid} came too late at ${resourceId}: it had ` +
        `been rolled back before its work was committed. Nothing was written; begin again.`,
      options,
    );
  }
}

/** What work is part of, for messages. */
const around = (xid: string | undefined): string =>
  xid === undefined ? 'work under @GlobalLock' : `global transaction ${xid}`;

/** A statement that could not be undone, or would break the transaction. @publicApi */
export class StatementRefusedError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_STATEMENT';

  constructor(
    readonly xid: string | undefined,
    readonly statement: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${statement} is refused inside ${around(xid)}: ${reason}`, options);
  }
}

/** A table that cannot be part of a global transaction was written in one. @publicApi */
export class TableNotCoveredError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_TABLE';

  constructor(
    readonly xid: string | undefined,
    readonly resourceId: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`The write at ${resourceId} cannot be part of ${around(xid)}: ${reason}`, options);
  }
}

/** A local transaction was opened before the global one began. @publicApi */
export class LocalTransactionOpenError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_LOCAL_OPEN';

  constructor(
    readonly xid: string | undefined,
    readonly resourceId: string,
  ) {
    super(
      `A local transaction on ${resourceId} was opened before ${around(xid)} began, so what it ` +
        `did cannot be covered. Open it inside the annotated method.`,
    );
  }
}

/** The database answered a COMMIT with a rollback. @publicApi */
export class LocalCommitRefusedError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_LOCAL_COMMIT';

  constructor(
    readonly xid: string | undefined,
    readonly branchId: string | undefined,
    readonly resourceId: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `The local transaction of ${branchId === undefined ? '' : `branch ${branchId} of `}` +
        `${around(xid)} at ${resourceId} was not committed: ${reason}`,
      options,
    );
  }
}

/** A resource was written in a global transaction before it was ready. @publicApi */
export class ResourceNotStartedError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_NOT_STARTED';

  constructor(readonly resourceId: string) {
    super(
      `Resource ${resourceId} is used in a global transaction, but no DtxModule has started it. ` +
        `Import DtxModule.forRoot in the application that owns the data source, and begin global ` +
        `transactions after the application has started.`,
    );
  }
}

/**
 * The one connection of an SQLite data source was not free in time. Nothing was written. Retryable.
 *
 * @publicApi
 */
export class ConnectionWaitError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_CONNECTION_WAIT';
  override readonly retryable = true;

  constructor(
    readonly resourceId: string,
    readonly timeoutMs: number,
    options?: ErrorOptions,
  ) {
    super(
      `The connection of ${resourceId} is held by a local transaction, and was not free within ` +
        `${String(timeoutMs)} ms; an SQLite data source has only one. Use the manager or the ` +
        `query runner of the transaction inside of it, end it sooner, or raise ` +
        `connectionWaitTimeoutMs.`,
      options,
    );
  }
}

/** Capture is not set up in a database, or could not be, or could not be removed. @publicApi */
export class AtInstallError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_AT_INSTALL';

  constructor(
    readonly resourceId: string,
    what: string,
    options?: ErrorOptions,
  ) {
    super(`AT at ${resourceId}: ${what}`, options);
  }
}

/** A database cannot prepare transactions as it is set up, so XA mode cannot work. @publicApi */
export class XaUnavailableError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_XA_UNAVAILABLE';

  constructor(
    readonly resourceId: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`XA mode cannot work at ${resourceId}: ${reason}`, options);
  }
}

/**
 * As many branches are prepared as the data source may have at a time, and none was finished within
 * the wait. Nothing was done. Retryable.
 *
 * @publicApi
 */
export class XaSlotsError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_XA_SLOTS';
  override readonly retryable = true;

  constructor(
    readonly xid: string,
    readonly resourceId: string,
    readonly slots: number | undefined,
    options?: ErrorOptions,
  ) {
    const count = slots === undefined ? 'all' : `all ${String(slots)}`;
    super(
      `Global transaction ${xid} could not begin a branch at ${resourceId}: ${count} slots for ` +
        `prepared branches are taken. Try the whole transaction again, or raise xaSlots and ` +
        `max_prepared_transactions.`,
      options,
    );
  }
}

/** A mode was asked for that the data source does not serve. @publicApi */
export class BranchModeError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_BRANCH_MODE';

  constructor(
    readonly resourceId: string,
    readonly mode: string,
    advice: string,
  ) {
    super(`${resourceId} has no branches in mode ${mode}: ${advice}`);
  }
}
