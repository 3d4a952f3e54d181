import type { Clock, DtxLog, Ids } from '../protocol/index.js';
import { CoordinatorClosedError, messageOf } from '../protocol/index.js';
import type { Patience, Session } from './core/index.js';
import type { SessionStore } from './store/index.js';
import type { NamespaceCaps, NodeIdentity } from './worker/index.js';
import {
  ClaimLoop,
  DeadlockWatch,
  GroupCommit,
  LEASE_MS_DEFAULT,
  NAMESPACE_CAPS_DEFAULT,
  NamespaceCoordinator,
  PATIENCE_DEFAULT,
  RETENTION_COUNT_DEFAULT,
  RETENTION_MS_DEFAULT,
  Retention,
} from './worker/index.js';

export interface CoordinatorOptions {
  /** Belongs to the coordinator from now on: it is closed with it. */
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long an ended session still answers. @default 86400000 (one day) */
  readonly retentionMs?: number;
  /** How many ended sessions are kept at most. @default 1000000 */
  readonly retentionCountMax?: number;
  /**
   * How long other nodes wait before they take over what this one drives; where no other node can
   * use the store, nothing lapses. @default 2000
   */
  readonly leaseMs?: number;
  /** When a branch is left to a person. @default 3000 attempts or one day */
  readonly patience?: Partial<Patience>;
  /**
   * Whether clients of other processes use it. What they have begun survives a restart of this
   * process, and what they do in it may arrive before its begin. @default false
   */
  readonly servesOthers?: boolean;
  /** For every namespace that says nothing else. @default 100,000 open, 1,000 branches each */
  readonly caps?: Partial<NamespaceCaps>;
  readonly namespaceCaps?: Readonly<Record<string, Partial<NamespaceCaps>>>;
  readonly log?: DtxLog;
}

const SILENT: DtxLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/**
 * Starts a coordinator node in this process. On a store of one node, sessions that the last owner
 * has left undecided are rolled back at once; decided ones are finished as their resources attach.
 * On a shared one it takes over what others let lapse.
 *
 * @throws StoreUnavailableError; the store is closed then
 */
export async function openCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const coordinator = new Coordinator(options);
  try {
    await coordinator.start();
    return coordinator;
  } catch (error) {
    await options.store.close();
    throw error;
  }
}

/** A coordinator node in this process, for all namespaces of its store. */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #log: DtxLog;
  readonly #node: NodeIdentity;
  readonly #commits: GroupCommit;
  readonly #claims: ClaimLoop;
  readonly #retention: Retention;
  readonly #deadlocks: DeadlockWatch;
  readonly #namespaces = new Map<string, NamespaceCoordinator>();
  #closing: Promise<void> | undefined;

  /** @internal Use openCoordinator(). */
  constructor(options: CoordinatorOptions) {
    const { clock, ids, log = SILENT, patience, store } = options;
    const { leaseMs = LEASE_MS_DEFAULT, retentionMs = RETENTION_MS_DEFAULT } = options;
    const { retentionCountMax = RETENTION_COUNT_DEFAULT } = options;
    this.#options = options;
    this.#log = log;
    const node: NodeIdentity = {
      owner: ids.newXid(),
      leaseMs: store.isShared ? leaseMs : Infinity,
      patience: { ...PATIENCE_DEFAULT, ...patience },
    };
    this.#node = node;
    const commits = new GroupCommit({ store, clock, ids, node });
    this.#commits = commits;
    this.#deadlocks = new DeadlockWatch({ clock, log, node: node.owner, board: store.waits });
    this.#retention = new Retention({
      clock,
      log,
      store,
      commits,
      retentionMs,
      retentionCountMax,
    });
    this.#claims = new ClaimLoop({
      clock,
      log,
      commits,
      node,
      onClaimed: (sessions) => {
        this.#forEachNamespace(sessions, (namespace, own) => {
          namespace.takeOver(own);
        });
      },
    });
  }

  /** @internal Use openCoordinator(). */
  async start(): Promise<void> {
    const { place, warnings = [] } = this.#options.store;
    for (const warning of warnings) this.#log.warn(`${place}: ${warning}`);
    if (!this.#options.store.isShared) await this.#recover();
    this.#claims.start();
    this.#retention.start();
  }

  /** The part of the coordinator that serves one namespace. */
  namespace(namespace: string): NamespaceCoordinator {
    if (this.#closing !== undefined) throw new CoordinatorClosedError('A connection');
    const known = this.#namespaces.get(namespace);
    if (known !== undefined) return known;
    const { caps, clock, ids, namespaceCaps = {}, servesOthers = false, store } = this.#options;
    const ownCaps = Object.hasOwn(namespaceCaps, namespace) ? namespaceCaps[namespace] : {};
    const created = new NamespaceCoordinator({
      namespace,
      node: this.#node,
      store,
      commits: this.#commits,
      deadlocks: this.#deadlocks,
      clock,
      ids,
      log: this.#log,
      servesOthers,
      caps: { ...NAMESPACE_CAPS_DEFAULT, ...caps, ...ownCaps },
    });
    this.#namespaces.set(namespace, created);
    return created;
  }

  /** Whether other nodes can use its store. */
  get isShared(): boolean {
    return this.#options.store.isShared;
  }

  /** Sessions that this node holds in memory: what it drives, and what somebody is asking about. */
  get heldCount(): number {
    let count = 0;
    for (const namespace of this.#namespaces.values()) count += namespace.heldCount;
    return count;
  }

  /** Calls that wait here for rows of a global transaction. */
  get waitCount(): number {
    return this.#deadlocks.waitCount;
  }

  /**
   * Writes everything down, hands over what it drives and closes the store. Phase two that is not
   * finished goes on at another node, or at the next start; detach the resources first, which gives
   * it its time.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #recover(): Promise<void> {
    const count = await this.#claims.claimOpen((sessions) => {
      this.#forEachNamespace(sessions, (namespace, own) => {
        namespace.recover(own);
      });
    });
    if (count === 0) return;
    await this.#commits.flush();
    this.#log.info(
      `${String(count)} global transaction(s) of the last run were open: undecided ones are ` +
        `rolled back, decided ones are finished as their resources start.`,
    );
  }

  async #close(): Promise<void> {
    const { clock, store } = this.#options;
    this.#claims.stop();
    this.#retention.stop();
    for (const namespace of this.#namespaces.values()) namespace.stop();
    await Promise.all([this.#commits.close(), this.#deadlocks.stop()]);
    try {
      if (store.isShared) await store.handOver(this.#node.owner, clock.now());
    } catch (error) {
      this.#log.warn(`Leases could not be handed over, they will lapse: ${messageOf(error)}`);
    }
    await store.close();
  }

  #forEachNamespace(
    sessions: readonly Session[],
    take: (namespace: NamespaceCoordinator, own: readonly Session[]) => void,
  ): void {
    const groups = new Map<string, Session[]>();
    for (const session of sessions) {
      const group = groups.get(session.namespace);
      if (group === undefined) groups.set(session.namespace, [session]);
      else group.push(session);
    }
    for (const [name, own] of groups) {
      // It may have been closed while the store was being asked.
      if (this.#closing === undefined) take(this.namespace(name), own);
    }
  }
}
