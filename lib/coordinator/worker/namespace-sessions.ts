import type { BranchHandler, Clock, DtxLog, Ids } from '../../protocol/index.js';
import { NEVER_MS, isEnded } from '../../protocol/index.js';
import type { Command, Effect, Session, SessionChange } from '../core/index.js';
import type { Detachment, Origin, Participant } from '../participants/index.js';
import { HERE, ParticipantRegistry } from '../participants/index.js';
import type { SessionStore } from '../store/index.js';
import type { DeadlockWatch } from './deadlock-watch.js';
import type { DurableObserver } from './durable-observer.interface.js';
import type { GroupCommit } from './group-commit.js';
import { LeaseKeeper } from './lease-keeper.js';
import { CALL_TIMEOUT_MS, DETACH_MS } from './limits.js';
import type { LiveSession } from './live-session.js';
import type { NamespaceCaps } from './namespace-caps.js';
import type { NodeIdentity } from './node-identity.js';
import { logParked } from './phase-two-log.js';
import { PhaseTwo } from './phase-two.js';
import { publishChange } from './publish-change.js';
import { SessionTable } from './session-table.js';
import { holdsRows, isDormant } from './standing.js';
import { TimeoutWatch } from './timeout-watch.js';
import { withinMs } from './within-ms.js';

export interface NamespaceDeps {
  readonly namespace: string;
  readonly node: NodeIdentity;
  readonly store: SessionStore;
  readonly commits: GroupCommit;
  readonly deadlocks: DeadlockWatch;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
  /** Whether clients of other processes use it, see CoordinatorOptions. */
  readonly servesOthers: boolean;
  readonly caps: NamespaceCaps;
}

/**
 * The sessions of one namespace and what happens to them without anybody asking: phase two,
 * timeouts, leases, changes of owner.
 */
export class NamespaceSessions implements DurableObserver {
  readonly #deps: NamespaceDeps;
  readonly table: SessionTable;
  readonly #participants: ParticipantRegistry;
  readonly #phaseTwo: PhaseTwo;
  readonly #timeouts: TimeoutWatch;
  readonly #leases: LeaseKeeper;

  constructor(deps: NamespaceDeps) {
    const { clock, commits, ids, log, namespace, node, store } = deps;
    this.#deps = deps;
    this.table = new SessionTable({
      namespace,
      owner: node.owner,
      clock,
      store,
      observer: this,
      onForgotten: (live) => {
        this.#phaseTwo.forget(live);
      },
    });
    this.#participants = new ParticipantRegistry({
      clock,
      callTimeoutMs: CALL_TIMEOUT_MS,
      onAttached: (resourceId) => {
        this.#phaseTwo.attached(resourceId);
      },
    });
    this.#phaseTwo = new PhaseTwo({
      clock,
      ids,
      log,
      participants: this.#participants,
      isShared: store.isShared,
      report: (live, branchId, reported) => {
        this.#report(live, { kind: 'branch-outcome', branchId, ...reported });
      },
      reportEnd: (live) => {
        this.#report(live, { kind: 'end' });
      },
    });
    this.#timeouts = new TimeoutWatch({
      clock,
      owner: node.owner,
      sessions: () => this.table.all(),
      onDue: (live) => {
        commits.submitLazy(live, { kind: 'timeout' });
        commits.hurry();
      },
    });
    this.#leases = new LeaseKeeper({
      clock,
      node,
      sessions: () => this.table.all(),
      isBusy: (live) => this.#phaseTwo.isBusyWith(live),
      renew: (live, leaseMs) => {
        commits.submitLazy(live, { kind: 'renew', leaseMs });
      },
      letGo: (live) => {
        this.table.forget(live);
      },
    });
  }

  /**
   * Detaching gives phase two of the resource's decided branches a bounded time first, unless other
   * instances can take it over.
   *
   * @param origin whose resource it is. @default the process that the coordinator is embedded in
   * @throws DuplicateResourceError
   */
  attach(handler: BranchHandler, origin: Origin = HERE): Detachment {
    const participant = this.#participants.attach(handler, origin);
    const detach = async (): Promise<void> => {
      participant.isLeaving = true;
      await withinMs(this.#deps.clock, DETACH_MS, this.#phaseTwo.quiet(participant));
      this.#remove(participant);
    };
    return Object.assign(detach, {
      lost: () => {
        this.#remove(participant);
      },
    });
  }

  #remove(participant: Participant): void {
    this.#participants.remove(participant);
    this.#phaseTwo.detached(participant.resourceId);
  }

  /** Takes over sessions that are this node's from now on. */
  takeOver(sessions: readonly Session[]): void {
    for (const session of sessions) {
      const live = this.table.open(session.xid);
      live.session = session;
      live.isLoaded = true;
      this.reloaded(live);
      this.idle(live);
    }
  }

  /** Takes over what the last owner of a store of one node has left open. */
  recover(sessions: readonly Session[]): void {
    const isGone = ({ status }: Session): boolean =>
      status === 'active' && !this.#deps.servesOthers;
    for (const session of sessions.filter(isGone)) {
      const live = this.table.open(session.xid);
      live.session = session;
      live.isLoaded = true;
      // Whoever began it is gone, and nobody else could ask for its commit.
      this.#deps.commits.submitLazy(live, { kind: 'restart' });
    }
    this.takeOver(sessions.filter((session) => !isGone(session)));
  }

  /** Begins nothing more, and wakes those who wait. */
  stop(): void {
    this.#timeouts.stop();
    this.#leases.stop();
    this.#phaseTwo.stop();
    for (const live of this.table.all()) {
      void live.writeHeldBegin?.();
      wakeAll(live);
    }
  }

  changed(live: LiveSession, change: SessionChange): void {
    publishChange(live, change);
    logParked(this.#deps.log, change);
  }

  effect(live: LiveSession, effect: Effect): void {
    if (effect === 'drive') this.#phaseTwo.drive(live);
    else if (effect === 'release') live.released();
    else if (effect === 'ended') live.ended();
    else if (live.session !== undefined) this.#timeouts.watch(live.session.dueAtMs);
  }

  reloaded(live: LiveSession): void {
    const { session } = live;
    if (session === undefined || isEnded(session.status) || !this.#isOwn(session)) {
      this.#phaseTwo.forget(live);
      // Whoever waits here looks again, and then elsewhere.
      wakeAll(live);
      return;
    }
    if (!holdsRows(session)) live.released();
    if (session.status === 'active') {
      this.#timeouts.watch(session.dueAtMs);
      return;
    }
    this.#phaseTwo.drive(live);
    // It was taken over for nothing: all that is left needs a person.
    if (isDormant(session) && session.leaseUntilMs < NEVER_MS) {
      this.#submitLazy(live, { kind: 'renew', leaseMs: 0 });
    }
  }

  idle(live: LiveSession): void {
    this.table.release(live);
  }

  /**
   * What phase two has to say. A call can outlast its session here: another node has taken that
   * over or it has ended, and it may even have come back since.
   */
  #report({ xid }: LiveSession, command: Command): void {
    this.#submitLazy(this.table.open(xid), command);
  }

  #submitLazy(live: LiveSession, command: Command): void {
    this.#deps.commits.submitLazy(live, command);
    if (live.isAwaited) this.#deps.commits.hurry();
  }

  #isOwn({ owner }: Session): boolean {
    return owner === this.#deps.node.owner;
  }
}

function wakeAll(live: LiveSession): void {
  live.released();
  live.ended();
}
