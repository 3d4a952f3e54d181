import type { Clock, DtxLog, Ids, Timer } from '../protocol/index.js';
import { CoordinatorClosedError } from '../protocol/index.js';
import type { Session } from './core/index.js';
import type { Claim, SessionStore } from './store/index.js';
import {
  GroupCommit,
  NamespaceCoordinator,
  PURGE_COUNT_MAX,
  PURGE_EVERY_MS,
  RETENTION_MS_DEFAULT,
} from './worker/index.js';

export interface CoordinatorOptions {
  /** Belongs to the coordinator from now on: it is closed with it. */
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long an ended session still answers. @default 86400000 (one day) */
  readonly retentionMs?: number;
  readonly log?: DtxLog;
}

const SILENT: DtxLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  debug: () => undefined,
};

/**
 * Starts a coordinator in this process. Sessions that the last owner of the store has left
 * undecided are rolled back at once; decided ones are finished as their resources attach.
 *
 * @throws StoreUnavailableError; the store is closed then
 */
export async function openCoordinator(options: CoordinatorOptions): Promise<Coordinator> {
  const { store, ids } = options;
  try {
    const coordinator = new Coordinator(options, await store.claimOpen(ids.newXid()));
    await coordinator.recovered();
    return coordinator;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A coordinator in this process, for all namespaces of its store. */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #claim: Claim;
  readonly #commits: GroupCommit;
  readonly #namespaces = new Map<string, NamespaceCoordinator>();
  #purgeTimer: Timer | undefined;
  #closing: Promise<void> | undefined;

  /** @internal Use openCoordinator(). */
  constructor(options: CoordinatorOptions, claim: Claim) {
    this.#options = options;
    this.#claim = claim;
    this.#commits = new GroupCommit(options);
    for (const [namespace, sessions] of byNamespace(claim.sessions)) {
      this.namespace(namespace).recover(sessions);
    }
    this.#purge();
  }

  /** The part of the coordinator that serves one namespace. */
  namespace(namespace: string): NamespaceCoordinator {
    if (this.#closing !== undefined) throw new CoordinatorClosedError('A connection');
    const known = this.#namespaces.get(namespace);
    if (known !== undefined) return known;
    const { clock, ids, log = SILENT, store } = this.#options;
    const { ownership } = this.#claim;
    const commits = this.#commits;
    const created = new NamespaceCoordinator({
      namespace,
      ownership,
      store,
      commits,
      clock,
      ids,
      log,
    });
    this.#namespaces.set(namespace, created);
    return created;
  }

  /** Resolves when what was left undecided is decided. */
  async recovered(): Promise<void> {
    const { length } = this.#claim.sessions;
    if (length === 0) return;
    await this.#commits.flush();
    this.#options.log?.info(
      `${String(length)} global transaction(s) of the last run were open: undecided ones are ` +
        `rolled back, decided ones are finished as their resources start.`,
    );
  }

  /**
   * Writes everything down and closes the store. Phase two that is not finished goes on at the next
   * start; detach the resources first, which gives it its time.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#purgeTimer?.cancel();
    for (const namespace of this.#namespaces.values()) namespace.stop();
    await this.#commits.close();
    await this.#options.store.close();
  }

  #purge(): void {
    const { clock, retentionMs = RETENTION_MS_DEFAULT } = this.#options;
    const endedBeforeMs = clock.now() - retentionMs;
    this.#commits.purge({ kind: 'purge', endedBeforeMs, countMax: PURGE_COUNT_MAX });
    this.#purgeTimer = clock.after(PURGE_EVERY_MS, () => {
      this.#purge();
    });
  }
}

function byNamespace(sessions: readonly Session[]): Map<string, Session[]> {
  const groups = new Map<string, Session[]>();
  for (const session of sessions) {
    const group = groups.get(session.namespace);
    if (group === undefined) groups.set(session.namespace, [session]);
    else group.push(session);
  }
  return groups;
}
