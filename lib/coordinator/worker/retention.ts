import type { Clock, DtxLog, Timer } from '../../protocol/index.js';
import { messageOf } from '../../protocol/index.js';
import type { SessionStore } from '../store/index.js';
import type { GroupCommit } from './group-commit.js';
import { PURGE_COUNT_MAX, PURGE_EVERY_MS } from './limits.js';

interface RetentionDeps {
  readonly clock: Clock;
  readonly log: DtxLog;
  readonly store: SessionStore;
  readonly commits: GroupCommit;
  /** How long an ended session answers. */
  readonly retentionMs: number;
  /** How many ended sessions are kept at most. */
  readonly retentionCountMax: number;
}

/** Deletes the records of ended sessions by age and by count, a few with each write. */
export class Retention {
  readonly #deps: RetentionDeps;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  start(): void {
    void this.#purge().then(() => {
      if (this.#isStopped) return;
      this.#timer = this.#deps.clock.after(PURGE_EVERY_MS, () => {
        this.start();
      });
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #purge(): Promise<void> {
    const { clock, commits, log, retentionCountMax, retentionMs, store } = this.#deps;
    try {
      const byCountMs = await store.endedAtOfNewest(retentionCountMax);
      const endedBeforeMs = Math.max(clock.now() - retentionMs, byCountMs ?? 0);
      if (!this.#isStopped) {
        commits.purge({ kind: 'purge', endedBeforeMs, countMax: PURGE_COUNT_MAX });
      }
    } catch (error) {
      log.warn(`Old global transactions cannot be looked for now: ${messageOf(error)}`);
    }
  }
}
