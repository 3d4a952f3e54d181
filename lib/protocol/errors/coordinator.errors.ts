import type { OperatorAction } from '../messages.js';
import type { GlobalStatus } from '../status.js';
import { DtxError } from './dtx.error.js';

/** A branch asked to join a global transaction that is decided or unknown. @publicApi */
export class GlobalNotActiveError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_NOT_ACTIVE';

  constructor(
    readonly xid: string,
    readonly status: GlobalStatus | 'absent',
  ) {
    super(
      status === 'absent'
        ? `The coordinator does not know global transaction ${xid}. Check that both services use ` +
            `the same coordinator (in one process: the same store file).`
        : `Global transaction ${xid} is ${status}, so nothing can join it any more. The local ` +
            `work was rolled back; see the launcher's log for why it ended.`,
    );
  }
}

/** A bound of the coordinator was reached; nothing was accepted. @publicApi */
export class TransactionLimitError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_LIMIT';
  override readonly retryable = true;

  constructor(
    readonly limit: string,
    readonly max: number,
    advice: string,
  ) {
    super(`${limit} is at its limit of ${String(max)}; nothing was accepted. ${advice}`);
  }
}

/**
 * The coordinator has as much to do as it can take; nothing was accepted. The same work may succeed
 * later. gRPC calls this RESOURCE_EXHAUSTED.
 *
 * @publicApi
 */
export class ResourceExhaustedError extends DtxError {
  static override readonly code = 'DTX_ERR_RESOURCE_EXHAUSTED';
  override readonly retryable = true;

  constructor(
    readonly limit: string,
    readonly max: number,
    advice: string,
  ) {
    super(`${limit} is at its limit of ${String(max)}; nothing was accepted. ${advice}`);
  }
}

/** A person's order about phase two cannot be followed. @publicApi */
export class OperationRefusedError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_OPERATION_REFUSED';

  constructor(
    readonly xid: string,
    readonly action: OperatorAction,
    why: string,
  ) {
    super(
      `Cannot ${action} global transaction ${xid}: ${why}. Only branches of a decided one ` +
        `can be retried, stopped or accepted; "nestjs-dtx transactions" lists them.`,
    );
  }
}

/** A store that forgets everything was asked for where that would lose transactions. @publicApi */
export class MemoryStoreRefusedError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_MEMORY_STORE';

  constructor() {
    super(
      `The coordinator's store ":memory:" forgets every transaction when the process ends, and ` +
        `NODE_ENV is "production". Name a file or a database in coordinator.store; if nothing ` +
        `has to survive, write coordinator: { store: { engine: 'memory', inProduction: true } }.`,
    );
  }
}

/**
 * Several nodes keep changing one global transaction at the same moment; nothing was changed by
 * this call. @publicApi
 */
export class SessionContendedError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_CONTENDED';
  override readonly retryable = true;

  constructor(
    readonly xid: string,
    what: string,
  ) {
    super(
      `${what} of global transaction ${xid} was overtaken again and again by other nodes; ` +
        `nothing was changed. Repeat it, or let the services of one transaction use fewer ` +
        `coordinators.`,
    );
  }
}

/** A record was written by a newer version, in words that this one does not know. @publicApi */
export class SessionUnreadableError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_UNREADABLE';

  constructor(
    readonly xid: string,
    what: string,
    options?: ErrorOptions,
  ) {
    super(
      `The record of global transaction ${xid} cannot be read by this version of nestjs-dtx: ` +
        `${what}. It is left alone; a coordinator of a newer version goes on with it. Upgrade ` +
        `this one.`,
      options,
    );
  }
}

/** The tables of a coordinator database are missing or old. @publicApi */
export class SchemaTooOldError extends DtxError {
  static override readonly code = 'DTX_ERR_SCHEMA_TOO_OLD';

  constructor(
    readonly place: string,
    readonly found: number,
    readonly known: number,
  ) {
    super(
      `${place} has schema version ${String(found)} of the coordinator, and this version of ` +
        `nestjs-dtx needs ${String(known)}. Run "npx nestjs-dtx migrate --url URL", or look at ` +
        `what it would do with --print and run that yourself.`,
    );
  }
}

/** Another process holds the coordinator's file. @publicApi */
export class StoreInUseError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_STORE_IN_USE';

  constructor(
    readonly file: string,
    owner: string,
    options?: ErrorOptions,
  ) {
    super(
      `The coordinator file ${file} is in use by ${owner}. An embedded coordinator serves one ` +
        `process: give this application a coordinator.store of its own if their transactions ` +
        `never meet, or let both name one that runs by itself ("npx nestjs-dtx coordinator").`,
      options,
    );
  }
}

/** The coordinator's store cannot be opened, read or written. @publicApi */
export class StoreUnavailableError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_STORE';

  constructor(
    readonly file: string,
    what: string,
    { advice = FILE_ADVICE, ...options }: ErrorOptions & { readonly advice?: string } = {},
  ) {
    super(`The coordinator's store ${file} cannot be used: ${what}. ${advice}`, options);
  }
}

const FILE_ADVICE = 'Check that its folder exists, is writable and has space left.';

/** The store or a business database was set up by a newer version of this package. @publicApi */
export class SchemaTooNewError extends DtxError {
  static override readonly code = 'DTX_ERR_SCHEMA_TOO_NEW';

  constructor(
    readonly place: string,
    readonly found: number,
    readonly known: number,
  ) {
    super(
      `${place} has schema version ${String(found)}, and this version of nestjs-dtx knows ` +
        `${String(known)}. Upgrade nestjs-dtx here to at least the version that wrote it.`,
    );
  }
}

/** A call reached a coordinator that has been closed. @publicApi */
export class CoordinatorClosedError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_CLOSED';

  constructor(what: string) {
    super(
      `${what} came after the coordinator was closed. Finish the work before the application ` +
        `shuts down: await it, and call app.enableShutdownHooks().`,
    );
  }
}
