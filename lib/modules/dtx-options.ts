import type { StoreLocation } from '../coordinator/index.js';
import type { HttpPropagationOptions } from '../propagation/index.js';
import { validateHttpPropagation } from '../propagation/index.js';
import { ROLLBACK_WAIT_MS_DEFAULT, TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MAX } from '../protocol/index.js';
import type { FailureHandler, TransactionHooks } from '../transaction/index.js';
import { assertTimeoutMs } from '../transaction/index.js';
import {
  assertCount,
  assertFunctions,
  assertIdentifier,
  assertKnownNames,
  assertMilliseconds,
  assertRecord,
  assertStore,
} from './option-checks.js';

/**
 * Where the embedded coordinator keeps its state.
 *
 * @publicApi
 */
export interface DtxCoordinatorOptions {
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

/**
 * Options of DtxModule.
 *
 * @publicApi
 */
export interface DtxModuleOptions {
  /** Name of this application, the same in all its instances: 1 to 128 of `A-Z a-z 0-9 . _ -`. */
  readonly applicationId: string;
  readonly coordinator?: DtxCoordinatorOptions;
  /** Keeps apart what shares a coordinator: 1 to 128 of `A-Z a-z 0-9 . _ -`. @default 'default' */
  readonly namespace?: string;
  /** For transactions that do not say it themselves, 1 to 86,400,000 ms. @default 60000 */
  readonly timeoutMs?: number;
  /** How long a rollback waits for all branches, 0 to 86,400,000 ms. @default 10000 */
  readonly rollbackWaitMs?: number;
  /** Which HTTP calls carry the xid, and whose xid is accepted. @default both ways, inside */
  readonly http?: HttpPropagationOptions;
  /** Called around every transaction that this application begins. */
  readonly hooks?: TransactionHooks;
  /** Told when a transaction did not end as asked. */
  readonly failureHandler?: FailureHandler;
}

/** Options with their defaults, checked. */
export interface DtxSettings extends DtxModuleOptions {
  readonly coordinator: DtxCoordinatorOptions & { readonly store: StoreLocation };
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly rollbackWaitMs: number;
  readonly http: HttpPropagationOptions;
}

export const STORE_DEFAULT = '.dtx/coordinator.db';

const NAMESPACE_DEFAULT = 'default';

/** Ended transactions are rows in a file: a year of them is more than any question reaches back. */
const RETENTION_MS_MAX = 31_536_000_000;

/** More than a phone book: whoever needs all of them keeps them elsewhere. */
const RETENTION_COUNT_MAX = 100_000_000;

const ATTEMPTS_MAX = 1_000_000_000;

/** A lease shorter than a pause of the process would go back and forth between the nodes. */
const LEASE_MS_MIN = 100;
const LEASE_MS_MAX = 600_000;

const HOOK_NAMES: readonly (keyof TransactionHooks)[] = [
  'beforeBegin',
  'afterBegin',
  'beforeCommit',
  'afterCommit',
  'beforeRollback',
  'afterRollback',
  'afterCompletion',
];

const FAILURE_HANDLER_NAMES: readonly (keyof FailureHandler)[] = [
  'onBeginFailure',
  'onCommitFailure',
  'onRollbackFailure',
  'onRollbackPending',
];

const PREFIX = 'DtxModule option ';

type Check = (value: unknown, option: string) => void;
type Checks<Options> = Readonly<Record<keyof Options, Check>>;

const PATIENCE_CHECKS: Checks<DtxPatienceOptions> = {
  attemptsMax: (value, option) => {
    assertCount(value, option, ATTEMPTS_MAX);
  },
  ageMsMax: (value, option) => {
    assertMilliseconds(value, option, RETENTION_MS_MAX);
  },
};

const COORDINATOR_CHECKS: Checks<DtxCoordinatorOptions> = {
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
  patience: (value, option) => {
    assertRecord(value, option);
    runChecks(value, PATIENCE_CHECKS, `${option}.`);
  },
};

/** One check per option; whatever has none is refused. */
const CHECKS: Checks<DtxModuleOptions> = {
  applicationId: assertIdentifier,
  coordinator: (value, option) => {
    assertRecord(value, option);
    runChecks(value, COORDINATOR_CHECKS, `${option}.`);
  },
  namespace: assertIdentifier,
  timeoutMs: assertTimeoutMs,
  rollbackWaitMs: (value, option) => {
    assertMilliseconds(value, option, TIMEOUT_MS_MAX);
  },
  http: validateHttpPropagation,
  hooks: (value, option) => {
    assertRecord(value, option);
    assertKnownNames(value, HOOK_NAMES, `${option}.`);
    assertFunctions(value, HOOK_NAMES, option);
  },
  // Often an instance of a class: its other members are none of our business.
  failureHandler: (value, option) => {
    assertFunctions(value, FAILURE_HANDLER_NAMES, option);
  },
};

/**
 * Checks the options of DtxModule and fills in the defaults. The one place where that is done.
 *
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) names the option, its value and the fix
 */
export function validateDtxOptions(options: unknown): DtxSettings {
  assertRecord(options, 'The options object of DtxModule');
  runChecks(options, CHECKS, PREFIX);
  const given = options as unknown as DtxModuleOptions;
  assertIdentifier(given.applicationId, `${PREFIX}applicationId`);
  return Object.freeze({
    ...given,
    coordinator: Object.freeze({ ...given.coordinator, store: storeOf(given) }),
    namespace: given.namespace ?? NAMESPACE_DEFAULT,
    timeoutMs: given.timeoutMs ?? TIMEOUT_MS_DEFAULT,
    rollbackWaitMs: given.rollbackWaitMs ?? ROLLBACK_WAIT_MS_DEFAULT,
    http: given.http ?? {},
  });
}

const storeOf = (options: DtxModuleOptions): StoreLocation =>
  options.coordinator?.store ?? STORE_DEFAULT;

function runChecks(
  values: Readonly<Record<string, unknown>>,
  checks: Readonly<Record<string, Check>>,
  prefix: string,
): void {
  assertKnownNames(values, Object.keys(checks), prefix);
  for (const [name, check] of Object.entries(checks)) {
    // An option that is set to undefined, from an environment variable say, is one left out.
    if (values[name] !== undefined) check(values[name], prefix + name);
  }
}
