import type { Clock, Timer } from '../../protocol/index.js';
import { NEVER_MS } from '../../protocol/index.js';
import { isTooOld, nextBranches } from '../core/index.js';
import type { Session } from '../core/index.js';
import {
  IDLE_SWEEPS_MAX,
  LEASE_SWEEPS,
  PATIENCE_SWEEP_MS,
  UNREACHABLE_AFTER_MS,
  UNREACHABLE_LEASE_MS,
} from './limits.js';
import type { LiveSession } from './live-session.js';
import type { NodeIdentity } from './node-identity.js';

interface LeaseKeeperDeps {
  readonly clock: Clock;
  readonly node: NodeIdentity;
  readonly sessions: () => Iterable<LiveSession>;
  /** Whether a call for the session is under way, or about to be. */
  readonly isBusy: (live: LiveSession) => boolean;
  readonly renew: (live: LiveSession, leaseMs: number) => void;
  /** Other nodes may have taken the session without a word. */
  readonly letGo: (live: LiveSession) => void;
}

/**
 * Looks through the open sessions of this node: those that take longer than their lease get another
 * one, and those that nobody has called for too long are looked at. Most sessions end long before
 * either.
 */
export class LeaseKeeper {
  readonly #deps: LeaseKeeperDeps;
  readonly #everyMs: number;
  #timer: Timer | undefined;

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps;
    this.#everyMs = Math.min(PATIENCE_SWEEP_MS, deps.node.leaseMs / LEASE_SWEEPS);
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#deps.clock.after(this.#everyMs, () => {
      this.#sweep();
      this.#arm();
    });
  }

  #sweep(): void {
    const { clock, isBusy, letGo, node, renew, sessions } = this.#deps;
    const nowMs = clock.now();
    for (const live of sessions()) {
      const { session } = live;
      if (session?.owner !== node.owner || live.pendingCount > 0) continue;
      if (this.#isStale(live, session, nowMs)) {
        letGo(live);
        continue;
      }
      const isTired = this.#isTired(session, nowMs);
      if (!isTired && !this.#isEnding(session, nowMs)) continue;
      if (isTired || session.status === 'active' || isBusy(live)) {
        renew(live, node.leaseMs);
      } else if (this.#isOld(session, nowMs) && live.keptEpoch !== session.epoch) {
        // Once, and then it lapses: by now the resource may be there at another node.
        live.keptEpoch = session.epoch;
        renew(live, UNREACHABLE_LEASE_MS);
      }
    }
  }

  /**
   * Whether another node may have the session by now, and nobody here is busy with it. Whoever asks
   * for it reads it anew, and if nobody has taken it, a claim brings it back when there is
   * something to do.
   */
  #isStale(live: LiveSession, session: Session, nowMs: number): boolean {
    if (this.#deps.node.leaseMs === Infinity) return false;
    if (session.status !== 'active') {
      return session.leaseUntilMs <= nowMs && !this.#deps.isBusy(live);
    }
    live.idleSweeps += 1;
    return live.idleSweeps > IDLE_SWEEPS_MAX && session.leaseUntilMs > session.dueAtMs;
  }

  /** Whether every node must have had its turn with a session whose resources are not here. */
  #isOld({ decidedAtMs = 0 }: Session, nowMs: number): boolean {
    return nowMs - decidedAtMs >= Math.min(UNREACHABLE_AFTER_MS, this.#deps.node.patience.ageMsMax);
  }

  #isEnding({ leaseUntilMs }: Session, nowMs: number): boolean {
    return leaseUntilMs < NEVER_MS && leaseUntilMs - nowMs < this.#deps.node.leaseMs / 2;
  }

  #isTired(session: Session, nowMs: number): boolean {
    const { patience } = this.#deps.node;
    const { decidedAtMs = nowMs } = session;
    if (nowMs - decidedAtMs < patience.ageMsMax) return false;
    return nextBranches(session).some((branch) => isTooOld(branch, { nowMs, patience }));
  }
}
