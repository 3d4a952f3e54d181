import { isObservable } from 'rxjs';

import {
  NestedNotSupportedError,
  ObservableNotDeclaredError,
  TransactionNotAllowedError,
  TransactionRequiredError,
  messageOf,
} from '../protocol/index.js';
import { refused } from '../system/index.js';
import { currentTransaction, runInContext } from './context.js';
import { markRollbackOnly } from './failed-part.js';
import type { GlobalTransaction } from './global-transaction.js';
import { isLockConflict } from './lock-conflict.js';
import { PROPAGATION_STEPS } from './propagation-rules.js';
import type { PropagationStep } from './propagation-rules.js';
import { rollsBack } from './rollback-rules.js';
import type { TransactionManager } from './transaction-manager.js';
import type { TransactionDefinition } from './transaction-options.js';

type Body<T> = () => Promise<T> | T;

/**
 * The TransactionalTemplate: begin, execute, commit or rollback. Suspending is leaving the
 * context, so the suspended transaction is back as soon as the call has ended, whatever happened.
 *
 * @see Seata `TransactionalTemplate.execute`, Spring `TransactionAspectSupport`
 */
export function executeInTransaction<T>(
  manager: TransactionManager,
  definition: TransactionDefinition,
  body: Body<T>,
): Promise<T> {
  const active = currentTransaction();
  // Not an async function: joining is the hot path, and each async layer costs it a promise.
  try {
    switch (stepFor(definition, active)) {
      case 'join':
        return joined(active as GlobalTransaction, definition, body);
      case 'begin':
        return manager.lockConflictRetriesOf(definition) === 0
          ? begun(manager, definition, body)
          : repeated(manager, definition, body);
      case 'without':
        return runInContext(undefined, async () => await body());
    }
  } catch (refusal) {
    return refused(refusal);
  }
}

/** The propagation's step, after the refusals have been thrown. */
export function stepFor(
  definition: TransactionDefinition,
  active: GlobalTransaction | undefined,
): Extract<PropagationStep, 'join' | 'begin' | 'without'> {
  const row = PROPAGATION_STEPS[definition.propagation];
  if (active !== undefined && row.minds) active.assertActive(definition.name);
  const step = active?.isActive === true ? row.active : row.none;
  switch (step) {
    case 'refuse-missing':
      throw new TransactionRequiredError(definition.name);
    case 'refuse-active':
      throw new TransactionNotAllowedError(definition.name, active?.xid ?? '');
    case 'refuse-nested':
      throw new NestedNotSupportedError(definition.name);
    default:
      return step;
  }
}

async function joined<T>(
  active: GlobalTransaction,
  definition: TransactionDefinition,
  body: Body<T>,
): Promise<T> {
  try {
    return assertNoStream(definition, await body());
  } catch (thrown) {
    await markFailed(active, definition, thrown);
    throw thrown;
  }
}

/**
 * A caller may swallow the error of a part that has failed. The mark makes the commit fail then,
 * instead of committing the other parts.
 */
export async function markFailed(
  active: GlobalTransaction,
  definition: TransactionDefinition,
  thrown: unknown,
): Promise<void> {
  if (!rollsBack(definition, thrown)) {
    active.spare();
    return;
  }
  await markRollbackOnly(active, `${definition.name} failed: ${messageOf(thrown)}`);
}

/** What one run of the work has begun. */
export interface Run {
  transaction?: GlobalTransaction;
}

/** Whether a run has left nothing, and may go through when it is tried again. */
export function mayRunAgain({ transaction }: Run, thrown: unknown): boolean {
  // By the rules of the method, or by hand, it may have been committed.
  if (transaction?.isRolledBack !== true) return false;
  // Another service answers with an error of its own; why it has failed came with its mark.
  return isLockConflict(thrown) || isLockConflict(transaction.failedPart);
}

async function repeated<T>(
  manager: TransactionManager,
  definition: TransactionDefinition,
  body: Body<T>,
): Promise<T> {
  const retries = manager.lockConflictRetriesOf(definition);
  for (let failures = 1; ; failures += 1) {
    const run: Run = {};
    try {
      return await begun(manager, definition, body, run);
    } catch (thrown) {
      if (failures > retries || !mayRunAgain(run, thrown)) throw thrown;
    }
    await manager.pauseAfterConflict(failures, definition.name);
  }
}

async function begun<T>(
  manager: TransactionManager,
  definition: TransactionDefinition,
  body: Body<T>,
  run: Run = {},
): Promise<T> {
  const transaction = await manager.beginDefined(definition);
  run.transaction = transaction;
  let result: T;
  try {
    result = await runInContext(transaction, async () => assertNoStream(definition, await body()));
  } catch (thrown) {
    await endAfterThrow(transaction, definition, thrown);
    // Where the begin was refused nothing could join, so that is what has failed. It is asked for
    // behind the end, which has made it come through.
    await transaction.assertBegun();
    throw thrown;
  }
  await commitOrRollback(transaction);
  return result;
}

/** A promise of a stream: its work would start when somebody subscribes, after the commit. */
function assertNoStream<T>(definition: TransactionDefinition, result: T): T {
  if (isObservable(result)) throw new ObservableNotDeclaredError(definition.name);
  return result;
}

/** Rolls back or commits by the rules; the caller throws the work's own error afterwards. */
export async function endAfterThrow(
  transaction: GlobalTransaction,
  definition: TransactionDefinition,
  thrown: unknown,
): Promise<void> {
  // Somebody inside has ended it by hand; there is nothing left to decide.
  if (!transaction.isActive) return;
  if (!rollsBack(definition, thrown)) return commitOrRollback(transaction);
  await rollbackQuietly(transaction);
}

/** A commit that was stopped before it was asked for leaves an active transaction: roll it back. */
export function commitOrRollback(transaction: GlobalTransaction): Promise<void> {
  return transaction.commit().catch(async (error: unknown) => {
    if (transaction.isActive) await rollbackQuietly(transaction);
    throw error;
  });
}

/** The error of the work matters more to the caller; the failure was reported where it happened. */
export async function rollbackQuietly(transaction: GlobalTransaction): Promise<void> {
  await transaction.rollback().catch(() => undefined);
}
