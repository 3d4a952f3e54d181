import type { Clock, DtxLog, Timer } from '../../protocol/index.js';
import { NEVER_MS, messageOf } from '../../protocol/index.js';
import type { Session } from '../core/index.js';
import type { GroupCommit } from './group-commit.js';
import { CLAIM_COUNT_MAX, CLAIM_EVERY_MS, OWN_CLAIM_MS } from './limits.js';
import type { NodeIdentity } from './node-identity.js';

interface ClaimLoopDeps {
  readonly clock: Clock;
  readonly log: DtxLog;
  readonly commits: GroupCommit;
  readonly node: NodeIdentity;
  readonly onClaimed: (sessions: readonly Session[]) => void;
}

/**
 * Takes over, again and again, what nobody drives: sessions of a node that is gone or has handed
 * them over, and those that a visitor has changed.
 */
export class ClaimLoop {
  readonly #deps: ClaimLoopDeps;
  #timer: Timer | undefined;
  #isStopped = false;
  /** A store that is down is told once, not every second. */
  #isFailing = false;

  constructor(deps: ClaimLoopDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#isStopped) return;
    const { clock, node } = this.#deps;
    this.#timer = clock.after(Math.min(CLAIM_EVERY_MS, node.leaseMs / 2), () => {
      void this.#claimLapsed().then(() => {
        this.start();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Everything that is open, for the only node of a store. @throws StoreUnavailableError */
  async claimOpen(onClaimed: ClaimLoopDeps['onClaimed']): Promise<number> {
    const claimed: Session[] = [];
    const { clock, commits, node } = this.#deps;
    const request = {
      owner: node.owner,
      which: 'open',
      nowMs: clock.now(),
      leaseUntilMs: NEVER_MS,
      countMax: NEVER_MS,
    } as const;
    await commits.claim(request, (sessions) => claimed.push(...sessions));
    onClaimed(claimed);
    return claimed.length;
  }

  async #claimLapsed(): Promise<void> {
    const { clock, commits, log, node, onClaimed } = this.#deps;
    let count = CLAIM_COUNT_MAX;
    try {
      while (count === CLAIM_COUNT_MAX && !this.#isStopped) {
        const nowMs = clock.now();
        const leaseUntilMs = Math.min(NEVER_MS, nowMs + node.leaseMs);
        // Every other node has come by since, so nobody else can do more about it.
        const ownLapsedAtMs = nowMs - OWN_CLAIM_MS;
        const { owner } = node;
        const request = { owner, which: 'lapsed', nowMs, ownLapsedAtMs, leaseUntilMs } as const;
        await commits.claim({ ...request, countMax: CLAIM_COUNT_MAX }, (sessions) => {
          count = sessions.length;
          onClaimed(sessions);
        });
      }
      this.#isFailing = false;
    } catch (error) {
      // What it may have taken without knowing lapses again.
      if (!this.#isFailing) log.warn(`Nothing can be taken over now: ${messageOf(error)}`);
      this.#isFailing = true;
    }
  }
}
