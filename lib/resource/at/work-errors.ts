import {
  FencedError,
  LocalCommitRefusedError,
  LockConflictError,
  StatementRefusedError,
  TableNotCoveredError,
} from '../../protocol/index.js';
import type { LockConflict } from '../../protocol/index.js';
import type { AtResource } from './at-resource.js';
import type { LocalWork } from './local-work.js';
import type { Statement } from './statement.js';

const IN_TRANSACTION =
  'Its local transaction has already done work, so it cannot wait here: roll back and run the ' +
  'whole global transaction again (the error is retryable), or write the contended row first.';

/** A statement that cannot be part of a global transaction. */
export function refusalOf(
  { xid }: { readonly xid: string | undefined },
  { label, reason = '' }: Statement,
  options?: ErrorOptions,
): StatementRefusedError {
  return new StatementRefusedError(xid, label, reason, options);
}

/** The local transaction cannot be committed, because something in it has failed before. */
export function commitRefused(
  { resourceId }: AtResource,
  { tag }: LocalWork,
  options?: ErrorOptions,
): LocalCommitRefusedError {
  return new LocalCommitRefusedError(
    tag?.xid,
    tag?.branchId,
    resourceId,
    'a statement in it had failed before. Do not swallow the error of a statement: roll back, ' +
      'or put a savepoint before it.',
    options,
  );
}

/** The conflict of a local transaction that cannot be begun anew for its caller. */
export function conflictInside(
  { resourceId }: AtResource,
  { xid }: LocalWork,
  conflict: LockConflict,
  options?: ErrorOptions,
): LockConflictError {
  return new LockConflictError(xid, resourceId, conflict, IN_TRANSACTION, options);
}

/** Gives errors that capture has raised their own class; all others stay as they are. */
export function translated(
  resource: AtResource,
  work: LocalWork,
  statement: Statement,
  error: unknown,
): unknown {
  const { engine, resourceId } = resource;
  const met = engine.explain(error);
  const cause = { cause: error };
  switch (met?.kind) {
    case undefined:
      return error;
    case 'fenced':
      return work.tag === undefined
        ? error
        : new FencedError(work.tag.xid, work.tag.branchId, resourceId, cause);
    case 'refused':
      return statement.kind === 'write'
        ? new TableNotCoveredError(work.xid, resourceId, met.reason, cause)
        : refusalOf(work, { ...statement, reason: met.reason }, cause);
    case 'lock-conflict':
      return conflictInside(resource, work, met.conflict, cause);
  }
}
