import type {
  BranchHandler,
  BranchOutcome,
  BranchTarget,
  Detach,
  Timer,
} from '../../protocol/index.js';
import {
  InvalidOptionError,
  RESOURCE_ID_LENGTH_MAX,
  ResourceNotStartedError,
  XaUnavailableError,
} from '../../protocol/index.js';
import type { BranchModeName, LockWaitOptions } from '../../transaction/index.js';
import { assertBranchMode, lockWaitOf } from '../../transaction/index.js';
import type { TccFences } from '../tcc/index.js';
import type { XaEngine } from '../xa/index.js';
import { XaResource } from '../xa/index.js';
import { failpoint } from '../../system/index.js';
import type { DtxResource, ResourceHost, ResourceReport } from '../dtx-resource.interface.js';
import { purgeFencesRegularly } from '../purge-fences.js';
import type { AtEngine } from './at-engine.interface.js';
import type { LocalBranch } from './local-branch.js';
import { LockWaiter } from './lock-waiter.js';
import { NO_CAPTURE } from './no-capture.js';
import type { XaOptions } from './xa-options.js';
import { assertXaOptions, xaBoundsOf } from './xa-options.js';

/**
 * Options of a data source that takes part in global transactions.
 *
 * @publicApi
 */
export interface AtResourceOptions extends LockWaitOptions, XaOptions {
  /**
   * What local transactions become inside a global one: `AT` or `XA`; a call can choose otherwise
   * by `@BranchMode`. With `XA` nothing is installed in the database, and no call can choose AT.
   * @default 'AT'
   */
  readonly mode?: BranchModeName;
  /**
   * Stable name of the data source, 1 to 128 of `A-Z a-z 0-9 . _ / -`. It stands in the
   * coordinator's records: never a host or a port. @default `<applicationId>/<data source name>`
   */
  readonly resourceId?: string;
  /** Schemas whose tables are captured. @default the schemas of the search path */
  readonly schemas?: readonly string[];
  /**
   * Whether the start sets up what is missing (`mend`), or refuses to start with the command that
   * does (`check`), for applications whose role may not run DDL. @default 'mend'
   */
  readonly install?: 'mend' | 'check';
  /**
   * Whether writers that are in no global transaction are refused rows that a transaction holds
   * which is not decided yet (SQLSTATE `SE002`, on MySQL and MariaDB `45002`). It costs them a look
   * at each row that they write.
   * Without it a rollback finds such a write, leaves the row, and needs a person. @default false
   */
  readonly guard?: boolean;
  /**
   * SQLite only: how long a statement waits for the one connection of its data source, while a
   * local transaction has it, milliseconds. @default 10000
   */
  readonly connectionWaitTimeoutMs?: number;
}

/** What is different from one kind of database to the next. */
export interface AtResourceInit {
  readonly kind: string;
  /** Name of the data source inside its application. */
  readonly name: string;
  readonly options: AtResourceOptions;
  readonly createEngine: (resourceId: string, host: ResourceHost) => AtEngine;
  /** For XA; undefined where the database has no two-phase commit. */
  readonly createXaEngine?: (resourceId: string, host: ResourceHost) => XaEngine;
  readonly createFences: (resourceId: string) => TccFences;
  /** Gives back the resource manager's own connections. */
  readonly close: () => Promise<void>;
}

const LOCK_WAIT_TIMEOUT_MS_DEFAULT = 3_000;

/** A database in AT mode: its branches, its locks, its phase two. */
export class AtResource implements DtxResource, BranchHandler {
  readonly type = 'AT';
  readonly kind: string;
  readonly #init: AtResourceInit;
  readonly #open = new Map<string, LocalBranch>();
  #started: Started | undefined;

  constructor(init: AtResourceInit) {
    assertOptions(init.options);
    this.#init = init;
    this.kind = this.mode === 'XA' ? init.kind.replace(/^AT/, 'XA') : init.kind;
    if (this.mode === 'XA' && init.createXaEngine === undefined) throw this.#withoutXa();
  }

  /** What local transactions become where nobody says otherwise. */
  get mode(): BranchModeName {
    return this.#init.options.mode ?? 'AT';
  }

  /**
   * @throws ResourceNotStartedError (DTX_ERR_RM_NOT_STARTED)
   * @throws XaUnavailableError (DTX_ERR_RM_XA_UNAVAILABLE)
   */
  get xa(): XaResource {
    const { xa } = this.#mustBeStarted();
    if (xa === undefined) throw this.#withoutXa();
    return xa;
  }

  /** @throws ResourceNotStartedError (DTX_ERR_RM_NOT_STARTED) */
  get host(): ResourceHost {
    return this.#mustBeStarted().host;
  }

  /** @throws ResourceNotStartedError (DTX_ERR_RM_NOT_STARTED) */
  get engine(): AtEngine {
    return this.#mustBeStarted().engine;
  }

  /** @throws ResourceNotStartedError (DTX_ERR_RM_NOT_STARTED) */
  get lockWaiter(): LockWaiter {
    return this.#mustBeStarted().lockWaiter;
  }

  /** Known before the start only if it was given. */
  get resourceId(): string {
    return this.#started?.resourceId ?? this.#init.options.resourceId ?? this.#init.name;
  }

  resourceIdFor(applicationId: string): string {
    return this.#init.options.resourceId ?? `${applicationId}/${this.#init.name}`;
  }

  async start(host: ResourceHost): Promise<ResourceReport> {
    await this.stop();
    const resourceId = this.resourceIdFor(host.applicationId);
    const engine = this.mode === 'XA' ? NO_CAPTURE : this.#init.createEngine(resourceId, host);
    const { capturedTables, warnings } = await engine.install(this.#init.options.install ?? 'mend');
    const lockWaitTimeoutMs = lockWaitOf(this.#init.options, PLACE) ?? LOCK_WAIT_TIMEOUT_MS_DEFAULT;
    const lockWaiter = new LockWaiter({ host, engine, resourceId, lockWaitTimeoutMs });
    const xa = this.#createXa(resourceId, host, lockWaitTimeoutMs);
    const started: Started = { resourceId, host, engine, lockWaiter, xa };
    this.#started = started;
    if (this.mode === 'XA') {
      const found = (await xa?.start(true)) ?? [];
      return { resourceId, summary: this.kind, warnings: [...warnings, ...found] };
    }
    started.detach = await host.client.attach(this);
    await xa?.start(false);
    started.purge = purgeFencesRegularly(host, resourceId, (olderThanMs) =>
      engine.purgeFences(olderThanMs),
    );
    const summary = `${this.kind}, ${String(capturedTables.length)} tables captured`;
    return { resourceId, summary, warnings };
  }

  async stop(): Promise<void> {
    const started = this.#started;
    started?.purge?.cancel();
    // Detached first: phase two that is under way still needs the engine and its connections.
    await started?.detach?.();
    await started?.xa?.stop();
    this.#started = undefined;
    await this.#init.close();
  }

  /**
   * The fences of TCC actions that work here, with their table made.
   *
   * @throws ResourceNotStartedError (DTX_ERR_RM_NOT_STARTED)
   * @throws TccFenceInstallError (DTX_ERR_RM_TCC_INSTALL)
   */
  async fences(): Promise<TccFences> {
    const fences = this.#init.createFences(this.#mustBeStarted().resourceId);
    await fences.install(this.#init.options.install ?? 'mend');
    return fences;
  }

  /** Says it in the log, once there is one. */
  warn(text: string): void {
    this.#started?.host.log.warn(text);
  }

  /** A local transaction of a branch has begun here. */
  opened(branch: LocalBranch): void {
    this.#open.set(branch.tag.branchId, branch);
  }

  /** It has ended. */
  closed(branch: LocalBranch): void {
    this.#open.delete(branch.tag.branchId);
  }

  /** Its local transaction is rolled back, and with it everything that it held. */
  rolledBack({ tag }: LocalBranch): void {
    this.#started?.lockWaiter.freed([tag.xid]);
  }

  async commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    failpoint('at.commit.before');
    // A branch whose COMMIT is still on its way would write its undo rows behind the clean-up.
    if (this.#open.size === 0)
      return this.#freed(targets, await this.engine.commitBranches(targets));
    const settled = targets.filter((target) => !this.#open.has(target.branchId));
    const outcomes = settled.length > 0 ? await this.engine.commitBranches(settled) : [];
    this.#freed(settled, outcomes);
    const byTarget = new Map(settled.map((target, index) => [target, outcomes[index]]));
    return targets.map((target) => byTarget.get(target) ?? STILL_OPEN);
  }

  async rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    failpoint('at.rollback.before');
    return this.#freed(targets, await this.engine.rollbackBranches(targets));
  }

  /** Whoever waits for rows of these branches in this process need not ask the coordinator. */
  #freed(
    targets: readonly BranchTarget[],
    outcomes: readonly BranchOutcome[],
  ): readonly BranchOutcome[] {
    failpoint('at.ended');
    const done = targets.filter((_, index) => outcomes[index]?.kind === 'done');
    this.#started?.lockWaiter.freed(done.map(({ xid }) => xid));
    return outcomes;
  }

  #createXa(resourceId: string, host: ResourceHost, slotWaitMs: number): XaResource | undefined {
    const isTooLong = resourceId.length + XA_ENDING.length > RESOURCE_ID_LENGTH_MAX;
    const engine = isTooLong ? undefined : this.#init.createXaEngine?.(resourceId, host);
    if (engine === undefined) {
      if (this.mode === 'XA') throw this.#withoutXa();
      return undefined;
    }
    return new XaResource({
      resourceId,
      host,
      engine,
      slotWaitMs,
      ...xaBoundsOf(this.#init.options),
    });
  }

  #withoutXa(): XaUnavailableError {
    const reason =
      'the database has no two-phase commit, or its resourceId is longer than 125. Use AT, which ' +
      'needs none, or a shorter one.';
    return new XaUnavailableError(this.resourceId, reason);
  }

  #mustBeStarted(): Started {
    if (this.#started === undefined) throw new ResourceNotStartedError(this.resourceId);
    return this.#started;
  }
}

interface Started {
  readonly resourceId: string;
  readonly host: ResourceHost;
  readonly engine: AtEngine;
  readonly lockWaiter: LockWaiter;
  readonly xa: XaResource | undefined;
  detach?: Detach;
  purge?: Timer;
}

const STILL_OPEN: BranchOutcome = {
  kind: 'retry',
  error: 'the local transaction of the branch has not ended yet',
};

/** What options belong to, for messages. */
const PLACE = 'the data source';

const RESOURCE_ID_PATTERN = /^[A-Za-z0-9._/-]+$/;

/** Under this the XA side of a data source is known to the coordinator. */
const XA_ENDING = '/xa';

function assertOptions(options: AtResourceOptions): void {
  const { resourceId, schemas } = options;
  lockWaitOf(options, PLACE);
  assertXaOptions(options);
  if (options.mode !== undefined) assertBranchMode(options.mode, `mode of ${PLACE}`);
  if (resourceId !== undefined && !isResourceId(resourceId)) {
    throw new InvalidOptionError({
      option: 'resourceId of the data source',
      value: resourceId,
      fix: `Use 1 to ${String(RESOURCE_ID_LENGTH_MAX)} of A-Z, a-z, 0-9, ".", "_", "/", "-".`,
    });
  }
  if (resourceId?.endsWith(XA_ENDING) === true) {
    throw new InvalidOptionError({
      option: 'resourceId of the data source',
      value: resourceId,
      fix: `Use one that does not end in ${XA_ENDING}: so the XA side of a data source is called.`,
    });
  }
  if (schemas !== undefined && (!Array.isArray(schemas) || schemas.length === 0)) {
    throw new InvalidOptionError({
      option: 'schemas of the data source',
      value: schemas,
      fix: `Name at least one schema, such as ['public'], or leave the option out.`,
    });
  }
}

function isResourceId(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > RESOURCE_ID_LENGTH_MAX) return false;
  return RESOURCE_ID_PATTERN.test(value);
}
