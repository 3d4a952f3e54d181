import type { Coordinator, Patience, StoreLocation } from '../coordinator/index.js';
import { identityOfStore, openCoordinator, openStore } from '../coordinator/index.js';
import type { Clock, CoordinatorClient, DtxLog, Ids } from '../protocol/index.js';
import { isProduction, systemClock, systemIds } from '../system/index.js';
import { EmbeddedClient } from './embedded-client.js';
import { embeddedCoordinators } from './embedded-registry.js';

export interface EmbeddedOptions {
  /** A file, the URL of a database, or what else StoreLocation says. */
  readonly store: StoreLocation;
  /** @default 'default' */
  readonly namespace?: string;
  readonly servesOthers?: boolean;
  readonly clock?: Clock;
  readonly ids?: Ids;
  /** How long an ended transaction still answers. @default 86400000 (one day) */
  readonly retentionMs?: number;
  /** How many ended transactions are kept at most. @default 1000000 */
  readonly retentionCountMax?: number;
  /** How long other nodes wait before they take over. @default 2000 */
  readonly leaseMs?: number;
  /** When a branch is left to a person. @default 3000 attempts or one day */
  readonly patience?: Partial<Patience>;
  readonly log?: DtxLog;
}

const NAMESPACE_DEFAULT = 'default';

/**
 * Connects to the coordinator of this process that keeps its records in `store`, and starts it if
 * there is none. Clients that name the same store share one; the last one to close ends it. Where
 * their other options differ, those of the first one count.
 *
 * @throws MissingPeerError, StoreInUseError, SchemaTooNewError, SchemaTooOldError,
 *   MemoryStoreRefusedError, StoreUnavailableError
 */
export async function connectEmbedded(options: EmbeddedOptions): Promise<CoordinatorClient> {
  const namespace = options.namespace ?? NAMESPACE_DEFAULT;
  const identity = identityOfStore(options.store);
  if (identity === undefined) {
    const coordinator = await start(options);
    return new EmbeddedClient(coordinator.namespace(namespace), () => coordinator.close());
  }
  const shared = await embeddedCoordinators().acquire(identity, () => start(options));
  return new EmbeddedClient(shared.coordinator.namespace(namespace), () => shared.release());
}

async function start(options: EmbeddedOptions): Promise<Coordinator> {
  const { clock = systemClock, ids = systemIds, namespace: _namespace, store, ...rest } = options;
  return openCoordinator({
    ...rest,
    clock,
    ids,
    store: await openStore(store, { isProduction: isProduction() }),
  });
}
