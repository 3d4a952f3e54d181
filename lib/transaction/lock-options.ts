import { assertName } from './transaction-options.js';
import type { LockWaitOptions } from './lock-wait.js';
import { lockWaitOf } from './lock-wait.js';

/**
 * How work runs under the global lock.
 *
 * @publicApi
 */
export interface LockOptions extends LockWaitOptions {
  /** What people see in messages, 1 to 200 characters. @default `Class.method` */
  readonly name?: string;
}

/** Options that have been checked, with their defaults filled in. */
export interface LockDefinition {
  readonly name: string;
  /** undefined = what the lock around it says, or the resource. */
  readonly lockWaitTimeoutMs: number | undefined;
}

/**
 * Checks the options once, so that work under the lock need not.
 *
 * @param place what the options belong to, for messages: `AccountService.freeze`
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 */
export function defineLock(options: LockOptions, place: string): LockDefinition {
  const { name = place } = options;
  assertName(name, place);
  return Object.freeze({ name, lockWaitTimeoutMs: lockWaitOf(options, place) });
}
