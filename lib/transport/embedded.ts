import type { Coordinator } from '../coordinator/index.js';
import {
  MEMORY,
  canonicalStorePath,
  openCoordinator,
  openSqliteStore,
} from '../coordinator/index.js';
import type { Clock, CoordinatorClient, DtxLog, Ids } from '../protocol/index.js';
import { systemClock, systemIds } from '../system/index.js';
import { EmbeddedClient } from './embedded-client.js';
import { embeddedCoordinators } from './embedded-registry.js';

export interface EmbeddedOptions {
  /** Path of the coordinator's file, or `:memory:` for one that is forgotten with the client. */
  readonly store: string;
  /** @default 'default' */
  readonly namespace?: string;
  readonly clock?: Clock;
  readonly ids?: Ids;
  /** How long an ended transaction still answers. @default 86400000 (one day) */
  readonly retentionMs?: number;
  readonly log?: DtxLog;
}

const NAMESPACE_DEFAULT = 'default';

/**
 * Connects to the coordinator of this process that keeps its records in `store`, and starts it if
 * there is none. Clients that name the same file share one; the last one to close ends it. Where
 * their other options differ, those of the first one count.
 *
 * @throws MissingPeerError, StoreInUseError, SchemaTooNewError, StoreUnavailableError
 */
export async function connectEmbedded(options: EmbeddedOptions): Promise<CoordinatorClient> {
  const namespace = options.namespace ?? NAMESPACE_DEFAULT;
  const store = canonicalStorePath(options.store);
  if (store === MEMORY) {
    const coordinator = await start(options, store);
    return new EmbeddedClient(coordinator.namespace(namespace), () => coordinator.close());
  }
  const shared = await embeddedCoordinators().acquire(store, () => start(options, store));
  return new EmbeddedClient(shared.coordinator.namespace(namespace), () => shared.release());
}

async function start(options: EmbeddedOptions, store: string): Promise<Coordinator> {
  const { clock = systemClock, ids = systemIds, log, retentionMs } = options;
  return openCoordinator({
    store: await openSqliteStore(store),
    clock,
    ids,
    ...(retentionMs !== undefined && { retentionMs }),
    ...(log !== undefined && { log }),
  });
}
