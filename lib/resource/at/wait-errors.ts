import type { LockConflict } from '../../protocol/index.js';
import { LockConflictError } from '../../protocol/index.js';

/** A wait for a row that ends without it. */
export interface FailedWait {
  /** Who has waited; undefined under the global lock alone. */
  readonly xid: string | undefined;
  readonly resourceId: string;
  readonly conflict: LockConflict;
}

export function timedOut(
  { conflict, resourceId, xid }: FailedWait,
  timeoutMs: number,
): LockConflictError {
  const advice =
    `It was not released within lockWaitTimeoutMs (${String(timeoutMs)}). Run the whole global ` +
    `transaction again, or raise lockWaitTimeoutMs of the resource.`;
  return new LockConflictError(xid, resourceId, conflict, advice);
}

/** @param circle who waits for whom, each for the next */
export function deadlocked(
  { conflict, resourceId, xid }: FailedWait,
  circle: readonly string[],
): LockConflictError {
  const advice =
    `Global transactions wait for each other in a circle: ` +
    `${[...circle, circle[0]].join(' -> ')} ` +
    `(each for the next). This one was chosen to give up: roll back, so that the others go on, ` +
    `and run the whole global transaction again. Write contended rows in the same order ` +
    `everywhere.`;
  return new LockConflictError(xid, resourceId, conflict, advice, { isDeadlock: true });
}

/** The holder is rolled back, and nobody is left who would free the row. */
export function leftBehind({ conflict, resourceId, xid }: FailedWait): LockConflictError {
  const advice =
    `The holder's rollback has ended without this row, since a person has accepted its branch ` +
    `as it was: "nestjs-dtx undo show ${conflict.holderXid}" tells what to do with it.`;
  return new LockConflictError(xid, resourceId, conflict, advice);
}

export function unknownHolder({ conflict, resourceId, xid }: FailedWait): LockConflictError {
  const advice =
    `The coordinator does not know the holder: it belongs to another coordinator, or its ` +
    `record was purged. Its undo rows at ${resourceId} need a person.`;
  return new LockConflictError(xid, resourceId, conflict, advice);
}
