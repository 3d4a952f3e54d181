import type { StoreLocation } from '../coordinator/index.js';
import type { Checks } from './option-checks.js';
import { assertCount, assertMilliseconds, assertStore, recordOf } from './option-checks.js';

/**
 * Where a coordinator keeps its state, and for how long.
 *
 * @publicApi
 */
export interface CoordinatorStoreOptions {
  /**
   * An SQLite file, whose missing folders are made; or the URL of a PostgreSQL, MySQL or MariaDB
   * database, or a data source for one, which coordinators of several processes may share.
   * Applications of one process that name the same store share one coordinator, and transactions
   * across them need that. ':memory:' forgets everything when the process ends: for tests.
   * @default '.dtx/coordinator.db'
   */
  readonly store?: StoreLocation;
  /** How long the outcome of an ended transaction can be asked for. @default one day */
  readonly retentionMs?: number;
  /** How many ended transactions are kept at most. @default 1000000 */
  readonly retentionCountMax?: number;
  /**
   * On a shared database: how long other coordinators wait before they finish what this one has
   * decided, 100 to 600,000 ms. @default 2000
   */
  readonly leaseMs?: number;
  /** When phase two of a branch is left to a person: `needs-attention`. */
  readonly patience?: DtxPatienceOptions;
}

/**
 * How much is tried in vain before a branch needs attention; whichever comes first.
 *
 * @publicApi
 */
export interface DtxPatienceOptions {
  /** Phase-two calls that fail. @default 3000 */
  readonly attemptsMax?: number;
  /** Milliseconds since the decision, or since a person has ordered a retry. @default one day */
  readonly ageMsMax?: number;
}

export const STORE_DEFAULT = '.dtx/coordinator.db';

/** Ended transactions are rows in a file: a year of them is more than any question reaches back. */
const RETENTION_MS_MAX = 31_536_000_000;

/** More than a phone book: whoever needs all of them keeps them elsewhere. */
const RETENTION_COUNT_MAX = 100_000_000;

const ATTEMPTS_MAX = 1_000_000_000;

/** A lease shorter than a pause of the process would go back and forth between the nodes. */
const LEASE_MS_MIN = 100;
const LEASE_MS_MAX = 600_000;

const PATIENCE_CHECKS: Checks<DtxPatienceOptions> = {
  attemptsMax: (value, option) => {
    assertCount(value, option, ATTEMPTS_MAX);
  },
  ageMsMax: (value, option) => {
    assertMilliseconds(value, option, RETENTION_MS_MAX);
  },
};

export const STORE_CHECKS: Checks<CoordinatorStoreOptions> = {
  store: assertStore,
  retentionMs: (value, option) => {
    assertMilliseconds(value, option, RETENTION_MS_MAX);
  },
  retentionCountMax: (value, option) => {
    assertCount(value, option, RETENTION_COUNT_MAX);
  },
  leaseMs: (value, option) => {
    assertMilliseconds(value, option, LEASE_MS_MAX, LEASE_MS_MIN);
  },
  patience: recordOf(PATIENCE_CHECKS),
};
