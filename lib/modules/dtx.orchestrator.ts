import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';

import { DtxRuntime } from '../interceptors/index.js';
import { installOutgoingHttp } from '../propagation/index.js';
import { DTX_RUNTIME, DuplicateResourceError } from '../protocol/index.js';
import type { DtxResource, ResourceHost, ResourceReport } from '../resource/index.js';
import { resourceOf } from '../resource/index.js';
import { systemClock, systemIds } from '../system/index.js';
import { TransactionManager } from '../transaction/index.js';
import { ApplicationClient } from './application-client.js';
import { DtxMessaging } from './dtx-messaging.js';
import type { DtxSettings } from './dtx-options.js';
import { DTX_SETTINGS } from './dtx-settings.js';
import type { ScanReport } from './dtx.explorer.js';
import { DtxExplorer } from './dtx.explorer.js';
import { InFlight } from './in-flight.js';
import { nestLog } from './nest-log.js';
import { tccResources } from './tcc-resources.js';
import { uncoveredSources } from './uncovered-sources.js';

/** How long a shutdown waits for transactions under way: a third of what Kubernetes grants. */
const DRAIN_MS_MAX = 10_000;

/**
 * Starts what transactions need, before the application serves its first request, and stops it
 * after its last. Nest initialises global modules first, so this precedes the hooks of others.
 */
@Injectable()
export class DtxOrchestrator implements OnModuleInit, BeforeApplicationShutdown {
  readonly #log = nestLog('DtxModule');
  readonly #started: DtxResource[] = [];
  #releaseHttp: (() => void) | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(
    @Inject(DTX_SETTINGS) private readonly settings: DtxSettings,
    @Inject(DTX_RUNTIME) private readonly runtime: DtxRuntime,
    private readonly client: ApplicationClient,
    private readonly manager: TransactionManager,
    private readonly explorer: DtxExplorer,
    private readonly inFlight: InFlight,
    private readonly messaging: DtxMessaging,
  ) {}

  async onModuleInit(): Promise<void> {
    this.#starting = this.#start();
    try {
      await this.#starting;
    } catch (error) {
      // Nest does not run the shutdown hooks of an application that could not start.
      await this.#stop();
      throw error;
    }
  }

  /**
   * Not onApplicationShutdown: there TypeORM destroys the data sources that phase two works on.
   * Nest closes the HTTP server between the two, so requests are still under way here.
   */
  async beforeApplicationShutdown(): Promise<void> {
    // An application that is told to end while it waits for its coordinator does not wait for it.
    this.client.stopConnecting();
    await this.#starting?.catch(() => undefined);
    await this.#stop();
  }

  async #start(): Promise<void> {
    const scan = this.explorer.explore();
    this.messaging.nameClients();
    const resources = this.#findResources();
    await this.client.connect();
    this.#releaseHttp = installOutgoingHttp(this.manager, this.settings.http);
    const reports: ResourceReport[] = [];
    for (const resource of resources) reports.push(await this.#startResource(resource));
    const actions = await tccResources({
      methods: this.explorer.tccMethods(),
      resources,
      applicationId: this.settings.applicationId,
      actions: this.runtime.tccActions,
    });
    for (const action of actions) reports.push(await this.#startResource(action));
    const unsent = this.messaging.warnings(this.explorer.singletons());
    const uncovered = this.#uncoveredSources(scan, reports);
    this.#report({ ...scan, warnings: [...scan.warnings, ...unsent, ...uncovered] }, reports);
  }

  /** An application that only passes the xid on has nothing to cover. */
  #uncoveredSources(scan: ScanReport, reports: readonly ResourceReport[]): readonly string[] {
    const { coordinator, ignoredSources = [] } = this.settings;
    const isUsed = scan.methodCount + scan.lockedMethodCount + reports.length > 0;
    if (!isUsed || ignoredSources === true) return [];
    const names: readonly string[] = ignoredSources === false ? [] : ignoredSources;
    const store = 'store' in coordinator ? coordinator.store : undefined;
    return uncoveredSources(
      this.explorer.named(),
      ({ instance, name }) => names.includes(name) || isStoreOver(store, instance),
    );
  }

  #findResources(): ReadonlySet<DtxResource> {
    const found = this.explorer.singletons().map(resourceOf);
    const resources = new Set(found.filter((resource) => resource !== undefined));
    const ids = new Set<string>();
    for (const resource of resources) {
      const id = resource.resourceIdFor(this.settings.applicationId);
      if (ids.has(id)) throw new DuplicateResourceError(id);
      ids.add(id);
    }
    return resources;
  }

  async #startResource(resource: DtxResource): Promise<ResourceReport> {
    const host: ResourceHost = {
      client: this.client,
      applicationId: this.settings.applicationId,
      clock: systemClock,
      ids: systemIds,
      log: nestLog('DtxResource'),
    };
    // It counts as started before it is: a start that fails half-way has something to stop, too.
    this.#started.push(resource);
    return resource.start(host);
  }

  #report(scan: ScanReport, reports: readonly ResourceReport[]) {
    const { classCount, lockedMethodCount, methodCount, warnings } = scan;
    for (const warning of [...warnings, ...reports.flatMap((report) => report.warnings)]) {
      this.#log.warn(warning);
    }
    const resources = reports.map(({ resourceId, summary }) => `${resourceId} (${summary})`);
    const methods = [
      counted(methodCount, '@GlobalTransactional method'),
      ...(lockedMethodCount > 0 ? [counted(lockedMethodCount, '@GlobalLock method')] : []),
    ];
    this.#log.info(
      `${methods.join(', ')} in ${counted(classCount, 'class', 'classes')}; ` +
        `resources: ${resources.join(', ') || 'none'}`,
    );
  }

  #stop(): Promise<void> {
    this.#stopping ??= this.#stopOnce();
    return this.#stopping;
  }

  /** Each step is tried, whatever became of the one before: what stays open holds up the exit. */
  async #stopOnce(): Promise<void> {
    const underWay = await this.inFlight.idle(DRAIN_MS_MAX);
    if (underWay > 0) {
      this.#log.warn(
        `Shutting down with ${counted(underWay, 'global transaction')} still under way after ` +
          `${String(DRAIN_MS_MAX)} ms; what is undecided will be rolled back.`,
      );
    }
    this.runtime.close();
    await this.#attempt('releasing HTTP', () => this.#releaseHttp?.());
    for (const resource of this.#started.splice(0).reverse()) {
      await this.#attempt(`stopping ${resource.kind}`, () => resource.stop());
    }
    await this.#attempt('closing the coordinator', () => this.client.close());
  }

  async #attempt(what: string, step: () => Promise<void> | void): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#log.error(`Shutdown: ${what} failed`, error);
    }
  }
}

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${String(count)} ${count === 1 ? one : many}`;

/** The coordinator's own records are not to be rolled back. */
const isStoreOver = (store: unknown, source: unknown): boolean =>
  typeof store === 'object' &&
  store !== null &&
  'dataSource' in store &&
  store.dataSource === source;
