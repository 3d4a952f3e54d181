import type { Clock, Timer } from '../../protocol/index.js';
import { SWEEP_PAUSE_MS } from './limits.js';
import type { LiveSession } from './live-session.js';

interface TimeoutWatchDeps {
  readonly clock: Clock;
  /** Sessions of others are none of its business. */
  readonly owner: string;
  readonly sessions: () => Iterable<LiveSession>;
  readonly onDue: (live: LiveSession) => void;
}

/**
 * One timer for the session that is due first. Most sessions end long before, so nothing is kept
 * per session: when the timer fires, the open ones are looked through.
 */
export class TimeoutWatch {
  readonly #deps: TimeoutWatchDeps;
  #timer: Timer | undefined;
  #dueAtMs = Infinity;

  constructor(deps: TimeoutWatchDeps) {
    this.#deps = deps;
  }

  watch(dueAtMs: number): void {
    if (dueAtMs < this.#dueAtMs) this.#arm(dueAtMs);
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(dueAtMs: number): void {
    this.#timer?.cancel();
    this.#dueAtMs = dueAtMs;
    if (dueAtMs === Infinity) return;
    const delayMs = Math.max(0, dueAtMs - this.#deps.clock.now());
    this.#timer = this.#deps.clock.after(delayMs, () => {
      this.#sweep();
    });
  }

  #sweep(): void {
    const nowMs = this.#deps.clock.now();
    let nextMs = Infinity;
    for (const live of this.#deps.sessions()) {
      const { session } = live;
      if (session?.status !== 'active' || session.owner !== this.#deps.owner) continue;
      // One whose request is under way is looked at again when that is through.
      if (session.dueAtMs <= nowMs && live.pendingCount === 0) this.#deps.onDue(live);
      nextMs = Math.min(nextMs, session.dueAtMs);
    }
    this.#dueAtMs = Infinity;
    if (nextMs < Infinity) this.#arm(Math.max(nextMs, nowMs + SWEEP_PAUSE_MS));
  }
}
