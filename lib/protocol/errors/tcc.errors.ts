import { DtxError } from './dtx.error.js';

/** A try was called where no global transaction would confirm or cancel it. @publicApi */
export class TccOutsideTransactionError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_TCC_OUTSIDE';

  constructor(readonly action: string) {
    super(
      `The try of TCC action ${action} was called outside of a global transaction, so nobody would ` +
        `confirm or cancel it. Nothing was done. Call it in a method with @GlobalTransactional, or ` +
        `in TransactionManager.run().`,
    );
  }
}

/**
 * A method of a TCC action began a local transaction that its fence does not guard: a second one,
 * or one at another data source. It was refused.
 *
 * @publicApi
 */
export class TccSecondLocalTransactionError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_TCC_SECOND';
  readonly xid: string;
  readonly branchId: string;
  readonly action: string;
  readonly resourceId: string;

  constructor(
    where: {
      readonly xid: string;
      readonly branchId: string;
      readonly action: string;
      readonly resourceId: string;
    },
    reason: string,
  ) {
    const { action, branchId, resourceId, xid } = where;
    super(
      `A local transaction of TCC action ${action} at ${resourceId} was refused (branch ` +
        `${branchId} of global transaction ${xid}): ${reason}`,
    );
    this.xid = xid;
    this.branchId = branchId;
    this.action = action;
    this.resourceId = resourceId;
  }
}

/** A value cannot be kept for confirm and cancel, or what was kept cannot be read. @publicApi */
export class TccContextError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_TCC_CONTEXT';

  constructor(
    readonly action: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`The context of TCC action ${action}: ${reason}`, options);
  }
}

/** The table of the fences of TCC is missing, and cannot or may not be made. @publicApi */
export class TccFenceInstallError extends DtxError {
  static override readonly code = 'DTX_ERR_RM_TCC_INSTALL';

  constructor(
    readonly resourceId: string,
    readonly statements: readonly string[],
    options?: ErrorOptions,
  ) {
    super(
      `TCC at ${resourceId}: the table of its fences is missing. Run this with a role that may:\n` +
        `${statements.join(';\n')};`,
      options,
    );
  }
}
