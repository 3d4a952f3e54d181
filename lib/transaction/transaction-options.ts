import {
  InvalidOptionError,
  NAME_LENGTH_MAX,
  NestedNotSupportedError,
  Propagation,
  TIMEOUT_MS_MAX,
} from '../protocol/index.js';
import type { LockWaitOptions } from './lock-wait.js';
import { lockWaitOf } from './lock-wait.js';
import type { RollbackRule, RollbackRules } from './rollback-rules.js';

/**
 * How one global transaction is run.
 *
 * @publicApi
 */
export interface TransactionOptions extends LockWaitOptions {
  /** What people see in logs and lists, 1 to 200 characters. @default `Class.method` */
  readonly name?: string;
  /** Rolled back when it is undecided for longer, 1 to 86,400,000 ms. @default 60000 */
  readonly timeoutMs?: number;
  /** What to do with the transaction around the call. @default Propagation.REQUIRED */
  readonly propagation?: Propagation;
  /** Wins back from `noRollbackFor` what it matches at least as closely. @default [] */
  readonly rollbackFor?: readonly RollbackRule[];
  /** What may be thrown and still commits. @default [] */
  readonly noRollbackFor?: readonly RollbackRule[];
  /**
   * How often the whole work is run again, as a new global transaction, when it was rolled back
   * because of a LockConflictError, 0 to 100. The pauses between grow from 20 ms to 2 s. It must
   * do nothing that a rollback leaves behind, such as sending a mail. Only where it begins the
   * transaction; a stream only until its first value. @default what DtxModule says, or 0
   */
  readonly lockConflictRetries?: number;
  /**
   * How long the commit waits for confirms (TCC) and prepared branches (XA), 0 to 86,400,000 ms;
   * with 0 it returns as soon as the decision is durable. @default what DtxModule says, or 10000
   */
  readonly commitWaitMs?: number;
}

/** Options that have been checked, with their defaults filled in. */
export interface TransactionDefinition extends RollbackRules {
  readonly name: string;
  /** undefined = the manager's default. */
  readonly timeoutMs: number | undefined;
  readonly propagation: Propagation;
  /** undefined = what the resource says. */
  readonly lockWaitTimeoutMs: number | undefined;
  /** undefined = the manager's default. */
  readonly lockConflictRetries: number | undefined;
  /** undefined = the manager's default. */
  readonly commitWaitMs: number | undefined;
}

/** What runs again so often is not kept out by chance. */
const LOCK_CONFLICT_RETRIES_MAX = 100;

/**
 * Checks the options once, so that a running transaction need not.
 *
 * @param place what the options belong to, for messages: `OrderService.place`
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 * @throws NestedNotSupportedError (DTX_ERR_TM_NESTED)
 */
export function defineTransaction(
  options: TransactionOptions,
  place: string,
): TransactionDefinition {
  const { commitWaitMs, lockConflictRetries, name = place, timeoutMs } = options;
  const { propagation = Propagation.REQUIRED } = options;
  assertName(name, place);
  if (lockConflictRetries !== undefined) {
    assertLockConflictRetries(lockConflictRetries, `lockConflictRetries of ${place}`);
  }
  if (commitWaitMs !== undefined) assertWaitMs(commitWaitMs, `commitWaitMs of ${place}`);
  if (timeoutMs !== undefined) assertTimeoutMs(timeoutMs, `timeoutMs of ${place}`);
  if (propagation === Propagation.NESTED) throw new NestedNotSupportedError(place);
  if (!Object.values(Propagation).includes(propagation)) {
    throw new InvalidOptionError({
      option: `propagation of ${place}`,
      value: propagation,
      fix: `Use a member of the enum Propagation, such as Propagation.REQUIRES_NEW.`,
    });
  }
  return Object.freeze({
    name,
    timeoutMs,
    propagation,
    lockWaitTimeoutMs: lockWaitOf(options, place),
    lockConflictRetries,
    commitWaitMs,
    rollbackFor: assertRules(options.rollbackFor, `rollbackFor of ${place}`),
    noRollbackFor: assertRules(options.noRollbackFor, `noRollbackFor of ${place}`),
  });
}

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function assertName(name: unknown, place: string): void {
  if (typeof name === 'string' && name.length > 0 && name.length <= NAME_LENGTH_MAX) return;
  throw new InvalidOptionError({
    option: `name of ${place}`,
    value: name,
    fix: `Use a text of 1 to ${String(NAME_LENGTH_MAX)} characters.`,
  });
}

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function assertLockConflictRetries(value: unknown, option: string): void {
  const isCount = Number.isInteger(value) && Number(value) >= 0;
  if (isCount && Number(value) <= LOCK_CONFLICT_RETRIES_MAX) return;
  const fix = `Use a whole number from 0 to ${String(LOCK_CONFLICT_RETRIES_MAX)}.`;
  throw new InvalidOptionError({ option, value, fix });
}

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function assertTimeoutMs(value: unknown, option: string): asserts value is number {
  if (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= TIMEOUT_MS_MAX) return;
  throw new InvalidOptionError({
    option,
    value,
    fix: `Use a whole number of milliseconds from 1 to ${String(TIMEOUT_MS_MAX)} (one day).`,
  });
}

function assertWaitMs(value: number, option: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= TIMEOUT_MS_MAX) return;
  throw new InvalidOptionError({
    option,
    value,
    fix: `Use a whole number of milliseconds from 0 to ${String(TIMEOUT_MS_MAX)} (one day).`,
  });
}

function assertRules(
  rules: readonly RollbackRule[] | undefined,
  option: string,
): readonly RollbackRule[] {
  if (rules === undefined) return [];
  const given: unknown = rules;
  const isRule = (rule: unknown): boolean =>
    typeof rule === 'function' || (typeof rule === 'string' && rule.length > 0);
  if (Array.isArray(given) && given.every(isRule)) return Object.freeze([...rules]);
  throw new InvalidOptionError({
    option,
    value: rules,
    fix: `Use an array of error classes, error codes or predicates, such as [MailError].`,
  });
}
