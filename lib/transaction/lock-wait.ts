import { InvalidOptionError } from '../protocol/index.js';

/**
 * How long statements wait for a row that another global transaction holds: as one bound, or in
 * Seata's two numbers, whose product it is. A waiter is woken when the holder ends, whichever way
 * the bound was given; it does not poll.
 *
 * @publicApi
 */
export interface LockWaitOptions {
  /** Whole milliseconds, 0 to 600,000; 0 fails at once. @default what the resource says, or 3000 */
  readonly lockWaitTimeoutMs?: number;
  /** Whole milliseconds, 0 to 600,000. @default 10, where `lockRetryTimes` is given */
  readonly lockRetryIntervalMs?: number;
  /** A whole number, 0 to 600,000. @default 30, where `lockRetryIntervalMs` is given */
  readonly lockRetryTimes?: number;
}

/** More than ten minutes is no wait, but a holder that nobody looks after. */
const LOCK_WAIT_TIMEOUT_MS_MAX = 600_000;

/** Seata's `client.rm.lock.retry-interval` and `retry-times`. */
const LOCK_RETRY_INTERVAL_MS_DEFAULT = 10;
const LOCK_RETRY_TIMES_DEFAULT = 30;

/**
 * Checks the options and makes one bound of them.
 *
 * @param place what the options belong to, for messages: `OrderService.place`
 * @returns undefined where none is given
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 */
export function lockWaitOf(options: LockWaitOptions, place: string): number | undefined {
  const { lockRetryIntervalMs, lockRetryTimes, lockWaitTimeoutMs } = options;
  assertWait(lockWaitTimeoutMs, `lockWaitTimeoutMs of ${place}`, MILLISECONDS);
  assertWait(lockRetryIntervalMs, `lockRetryIntervalMs of ${place}`, MILLISECONDS);
  assertWait(lockRetryTimes, `lockRetryTimes of ${place}`, 'a whole number');
  if (lockRetryIntervalMs === undefined && lockRetryTimes === undefined) return lockWaitTimeoutMs;
  if (lockWaitTimeoutMs !== undefined) {
    throw new InvalidOptionError({
      option: `lockWaitTimeoutMs of ${place}`,
      value: lockWaitTimeoutMs,
      fix: 'Give it alone, or lockRetryIntervalMs and lockRetryTimes: their product is the same.',
    });
  }
  const product =
    (lockRetryIntervalMs ?? LOCK_RETRY_INTERVAL_MS_DEFAULT) *
    (lockRetryTimes ?? LOCK_RETRY_TIMES_DEFAULT);
  assertWait(product, `lockRetryIntervalMs x lockRetryTimes of ${place}`, MILLISECONDS);
  return product;
}

const MILLISECONDS = 'a whole number of milliseconds';

function assertWait(value: unknown, option: string, what: string): void {
  if (value === undefined) return;
  const isWait = Number.isInteger(value) && Number(value) >= 0;
  if (isWait && Number(value) <= LOCK_WAIT_TIMEOUT_MS_MAX) return;
  const fix = `Use ${what} from 0 to ${String(LOCK_WAIT_TIMEOUT_MS_MAX)}.`;
  throw new InvalidOptionError({ option, value, fix });
}
