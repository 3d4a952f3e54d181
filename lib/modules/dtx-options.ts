import type { HttpPropagationOptions, MessagingOptions } from '../propagation/index.js';
import { validateHttpPropagation, validateMessaging } from '../propagation/index.js';
import {
  NAMESPACE_DEFAULT,
  COMMIT_WAIT_MS_DEFAULT,
  ROLLBACK_WAIT_MS_DEFAULT,
  TIMEOUT_MS_DEFAULT,
  TIMEOUT_MS_MAX,
} from '../protocol/index.js';
import type { FailureHandler, TransactionHooks } from '../transaction/index.js';
import { assertLockConflictRetries, assertTimeoutMs } from '../transaction/index.js';
import type { DtxCoordinatorOptions, DtxCoordinatorSettings } from './dtx-coordinator-options.js';
import { assertCoordinatorOptions, coordinatorSettingsOf } from './dtx-coordinator-options.js';
import type { Checks } from './option-checks.js';
import {
  assertFunctions,
  assertIdentifier,
  assertKnownNames,
  assertMilliseconds,
  assertRecord,
  refuse,
  runChecks,
} from './option-checks.js';

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
  /**
   * How long a commit waits for confirms (TCC) and prepared branches (XA), which have no visible
   * effect before; the decision stands meanwhile. 0 to 86,400,000 ms; 0 waits for none.
   * @default 10000
   */
  readonly commitWaitMs?: number;
  /**
   * How often a global transaction that was rolled back because of a lock conflict is run again as
   * a whole, for transactions that do not say it themselves, 0 to 100. @default 0
   */
  readonly lockConflictRetries?: number;
  /** Which HTTP calls carry the xid, and whose xid is accepted. @default both ways, inside */
  readonly http?: HttpPropagationOptions;
  /** What messages tell of the xid, and whether theirs is accepted. @default requests join */
  readonly messaging?: MessagingOptions;
  /**
   * Data sources that take no part in global transactions on purpose, by the names of their
   * providers; the start does not warn about them. `true` silences all. @default []
   */
  readonly ignoredSources?: boolean | readonly string[];
  /** Called around every transaction that this application begins. */
  readonly hooks?: TransactionHooks;
  /** Told when a transaction did not end as asked. */
  readonly failureHandler?: FailureHandler;
}

/** Options with their defaults, checked. */
export interface DtxSettings extends DtxModuleOptions {
  readonly coordinator: DtxCoordinatorSettings;
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly rollbackWaitMs: number;
  readonly commitWaitMs: number;
  readonly http: HttpPropagationOptions;
  readonly messaging: MessagingOptions;
}

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

/** One check per option; whatever has none is refused. */
const CHECKS: Checks<DtxModuleOptions> = {
  applicationId: assertIdentifier,
  coordinator: assertCoordinatorOptions,
  namespace: assertIdentifier,
  timeoutMs: assertTimeoutMs,
  rollbackWaitMs: (value, option) => {
    assertMilliseconds(value, option, TIMEOUT_MS_MAX);
  },
  commitWaitMs: (value, option) => {
    assertMilliseconds(value, option, TIMEOUT_MS_MAX);
  },
  lockConflictRetries: assertLockConflictRetries,
  http: validateHttpPropagation,
  messaging: validateMessaging,
  ignoredSources: (value, option) => {
    const isList = Array.isArray(value) && value.every((name) => typeof name === 'string');
    if (isList || typeof value === 'boolean') return;
    refuse(option, value, `Use true, or the names of providers, such as ['AUDIT_POOL'].`);
  },
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
    coordinator: coordinatorSettingsOf(given.coordinator),
    namespace: given.namespace ?? NAMESPACE_DEFAULT,
    timeoutMs: given.timeoutMs ?? TIMEOUT_MS_DEFAULT,
    rollbackWaitMs: given.rollbackWaitMs ?? ROLLBACK_WAIT_MS_DEFAULT,
    commitWaitMs: given.commitWaitMs ?? COMMIT_WAIT_MS_DEFAULT,
    http: given.http ?? {},
    messaging: given.messaging ?? {},
  });
}
