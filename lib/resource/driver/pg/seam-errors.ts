import {
  FencedError,
  LocalCommitRefusedError,
  LockConflictError,
  StatementRefusedError,
  TableNotCoveredError,
} from '../../../protocol/index.js';
import type { GlobalTransaction } from '../../../transaction/index.js';
import type { AtResource, LocalBranch } from '../../at/index.js';
import type { Statement } from './classify-statement.js';

const IN_TRANSACTION =
  'Its local transaction has already done work, so it cannot wait here: roll back and run the ' +
  'whole global transaction again (the error is retryable), or write the contended row first.';

/** A statement that cannot be part of a global transaction. */
export function refusalOf(
  transaction: GlobalTransaction,
  { label, reason = '' }: Statement,
): StatementRefusedError {
  return new StatementRefusedError(transaction.xid, label, reason);
}

/** PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK and no error. */
export function commitRefused(
  { resourceId }: AtResource,
  { tag }: LocalBranch,
): LocalCommitRefusedError {
  return new LocalCommitRefusedError(
    tag.xid,
    tag.branchId,
    resourceId,
    'a statement in it had failed before. Do not swallow the error of a statement: roll back, ' +
      'or put a savepoint before it.',
  );
}

/** Gives errors that capture has raised their own class; all others stay as they are. */
export function translated(
  { engine, resourceId }: AtResource,
  branch: LocalBranch,
  statement: Statement,
  error: unknown,
): unknown {
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
