import { InvalidOptionError, TIMEOUT_MS_MAX } from '../../protocol/index.js';

/**
 * Options of a data source for XA branches.
 *
 * @publicApi
 */
export interface XaOptions {
  /**
   * How many XA branches of this process may be open or prepared at a time, 1 to 10,000. Whoever
   * finds none free waits as long as for a locked row, and gets XaSlotsError then.
   * @default on PostgreSQL three quarters of `max_prepared_transactions`, else no bound
   */
  readonly xaSlots?: number;
  /**
   * From which age on a prepared branch is rolled back that the coordinator knows nothing of,
   * milliseconds. It must be longer than the longest time-out of a global transaction.
   * @default 90000000, which is 25 hours
   */
  readonly xaHorizonMs?: number;
  /** How often prepared branches are looked at, milliseconds. @default 30000 */
  readonly xaScanIntervalMs?: number;
}

const HOUR_MS = 3_600_000;
const HORIZON_MS_DEFAULT = TIMEOUT_MS_MAX + HOUR_MS;
const SCAN_INTERVAL_MS_DEFAULT = 30_000;
const SLOTS_MAX = 10_000;

/** The options with their defaults; slots are the server's where none are given. */
export function xaBoundsOf({ xaHorizonMs, xaScanIntervalMs, xaSlots }: XaOptions) {
  return {
    slots: xaSlots,
    horizonMs: xaHorizonMs ?? HORIZON_MS_DEFAULT,
    scanIntervalMs: xaScanIntervalMs ?? SCAN_INTERVAL_MS_DEFAULT,
  };
}

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function assertXaOptions({ xaHorizonMs, xaScanIntervalMs, xaSlots }: XaOptions): void {
  assertWhole('xaSlots', xaSlots, SLOTS_MAX);
  assertWhole('xaHorizonMs', xaHorizonMs, Number.MAX_SAFE_INTEGER);
  assertWhole('xaScanIntervalMs', xaScanIntervalMs, HOUR_MS);
}

function assertWhole(name: string, value: unknown, max: number): void {
  if (value === undefined) return;
  if (Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= max) return;
  throw new InvalidOptionError({
    option: `${name} of the data source`,
    value,
    fix: `Use a whole number from 1 to ${String(max)}.`,
  });
}
