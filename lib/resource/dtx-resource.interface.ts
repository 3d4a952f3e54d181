import type { TccFences } from './tcc/index.js';
import type { Clock, CoordinatorClient, DtxLog, Ids } from '../protocol/index.js';

/** What a resource works with once it is started. */
export interface ResourceHost {
  readonly client: CoordinatorClient;
  readonly applicationId: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
}

/** What was found when a resource was started. */
export interface ResourceReport {
  readonly resourceId: string;
  /** For the start log: `AT on PostgreSQL, 4 tables`. */
  readonly summary: string;
  /** What will not work, one sentence each. */
  readonly warnings: readonly string[];
}

/** A data source that takes part in global transactions, from its application's point of view. */
export interface DtxResource {
  /** `AT on PostgreSQL`. */
  readonly kind: string;
  /** The id given by the user, else `<applicationId>/<data source name>`. */
  resourceIdFor(applicationId: string): string;
  /** Sets up what capture needs and takes over phase two. May be called again after stop(). */
  start(host: ResourceHost): Promise<ResourceReport>;
  /** The fences of TCC actions that work here, where it can have some; after start(). */
  fences?(): Promise<TccFences>;
  /** Waits for phase-two calls that are under way and lets go. May be repeated. */
  stop(): Promise<void>;
}
