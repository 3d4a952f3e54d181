import type { Clock } from '../../protocol/index.js';
import { TIMEOUT_MS_MAX } from '../../protocol/index.js';
import type { Ending } from './end-signal.js';
import { ELSEWHERE_MS_MAX, ELSEWHERE_MS_MIN } from './limits.js';
import type { LiveSession } from './live-session.js';
import type { SessionTable } from './session-table.js';
import type { Standing } from './standing.js';
import { Waiters } from './waiters.js';

/** What somebody waits for. */
export interface Awaited {
  readonly isOver: (session: Standing) => boolean;
  /** What counts of a session that this node drives. @default what is durable */
  readonly standingOf?: (live: LiveSession) => Standing;
  /** Whom the session wakes when it may be over. */
  readonly waitersOf: (live: LiveSession) => Waiters;
  /** Aborted when nobody waits for the answer any more. */
  readonly gone: Ending | undefined;
}

interface SessionWaitDeps {
  readonly clock: Clock;
  readonly table: SessionTable;
  /** Whether other nodes may change a session, or take it, without a word. */
  readonly isShared: boolean;
  /** Somebody waits for what may be a lazy write about the session. */
  readonly hurry: (live: LiveSession) => void;
}

/** Waits for what becomes of sessions, at this node or elsewhere. */
export class SessionWait {
  readonly #deps: SessionWaitDeps;
  #isStopped = false;

  constructor(deps: SessionWaitDeps) {
    this.#deps = deps;
  }

  /** Whoever is woken from now on gets what stands. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Waits until it is over, at the latest until the time is up, and answers what stands then. Where
   * other nodes may have their hands in it, the store is looked at again and again.
   *
   * @throws StoreUnavailableError
   */
  async until(xid: string, timeoutMs: number, awaited: Awaited): Promise<Standing> {
    const { gone, isOver, standingOf = durableOf, waitersOf } = awaited;
    const { clock, hurry, isShared, table } = this.#deps;
    const endMs = clock.monotonicMs() + Math.min(timeoutMs, TIMEOUT_MS_MAX);
    let pauseMs = ELSEWHERE_MS_MIN;
    let isMemorySure = true;
    for (;;) {
      const live = table.driven(xid);
      const standing = live && isMemorySure ? standingOf(live) : await table.load(xid);
      const leftMs = endMs - clock.monotonicMs();
      if (isOver(standing) || leftMs <= 0 || this.#isStopped || gone?.aborted) return standing;
      // This node wakes those who wait for what it drives itself; the look is for the odd case.
      const lookAgainMs = live === undefined ? pauseMs : isShared ? ELSEWHERE_MS_MAX : leftMs;
      const waitMs = Math.min(lookAgainMs, leftMs);
      pauseMs = Math.min(pauseMs * 2, ELSEWHERE_MS_MAX);
      isMemorySure = !isShared;
      if (live === undefined) {
        await new Waiters().wait(clock, waitMs, gone);
        continue;
      }
      const event = waitersOf(live).wait(clock, waitMs, gone);
      hurry(live);
      await event;
      table.release(live);
      // What has just happened here need not be read, and must not fail to be.
      const known = standingOf(live);
      if (!live.isDoubtful && isOver(known)) return known;
    }
  }
}

const durableOf = ({ session }: LiveSession): Standing => session;
