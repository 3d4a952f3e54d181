import type { Coordinator, CoordinatorOptions, StoreLocation } from '../coordinator/index.js';
import { identityOfStore, openCoordinator, openStore } from '../coordinator/index.js';
import type { Clock, CoordinatorClient, Ids } from '../protocol/index.js';
import { NAMESPACE_DEFAULT } from '../protocol/index.js';
import { isProduction, systemClock, systemIds } from '../system/index.js';
import { EmbeddedClient } from './embedded-client.js';
import type { SharedCoordinator } from './embedded-registry.js';
import { embeddedCoordinators } from './embedded-registry.js';

/** What a coordinator of this process is made of; see CoordinatorOptions for what is not here. */
export interface LocalCoordinatorOptions extends Omit<
  CoordinatorOptions,
  'store' | 'clock' | 'ids'
> {
  /** A file, the URL of a database, or what else StoreLocation says. */
  readonly store: StoreLocation;
  readonly clock?: Clock;
  readonly ids?: Ids;
}

export interface EmbeddedOptions extends LocalCoordinatorOptions {
  /** @default 'default' */
  readonly namespace?: string;
  /**
   * Whose code its TCC branches need: those of another application are left to it, in this process
   * or in another one on the same store. @default all applications are alike
   */
  readonly applicationId?: string;
}

/**
 * Connects to the coordinator of this process that keeps its records in `store`, and starts it if
 * there is none. Clients that name the same store share one; the last one to close ends it. Where
 * their other options differ, those of the first one count.
 *
 * @throws MissingPeerError, StoreInUseError, SchemaTooNewError, SchemaTooOldError,
 *   MemoryStoreRefusedError, StoreUnavailableError
 */
export async function connectEmbedded(options: EmbeddedOptions): Promise<CoordinatorClient> {
  const { applicationId, namespace = NAMESPACE_DEFAULT, ...rest } = options;
  const shared = await acquireCoordinator(rest);
  const coordinator = shared.coordinator.namespace(namespace);
  return new EmbeddedClient(coordinator, () => shared.release(), applicationId);
}

/**
 * Holds the coordinator of that store open until it is released, for whoever serves it to others.
 *
 * @throws as connectEmbedded
 */
export async function acquireCoordinator(
  options: LocalCoordinatorOptions,
): Promise<SharedCoordinator> {
  const identity = identityOfStore(options.store);
  if (identity !== undefined) {
    return embeddedCoordinators().acquire(identity, () => start(options));
  }
  const coordinator = await start(options);
  return { coordinator, release: () => coordinator.close() };
}

async function start(options: LocalCoordinatorOptions): Promise<Coordinator> {
  const { clock = systemClock, ids = systemIds, store, ...rest } = options;
  return openCoordinator({
    ...rest,
    clock,
    ids,
    store: await openStore(store, { isProduction: isProduction() }),
  });
}
