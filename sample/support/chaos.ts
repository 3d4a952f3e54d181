import { setTimeout as sleep } from 'node:timers/promises';

import type { SupervisedProcess } from './supervised-process.js';

export interface ChaosOptions {
  /** Killed one after the other, and again from the first. */
  readonly targets: readonly SupervisedProcess[];
  /** So many kills the load has to see. */
  readonly killsMin: number;
}

/** From one kill to the next. */
const PERIOD_MS = 3_000;
/** Of these with all processes well: at least so much, and as much as the restart has taken. */
const WELL_MS_MIN = 1_000;
const PACE_POLL_MS = 20;

/** Kills processes while a load runs, and stretches the load so that it sees enough of it. */
export class Chaos {
  readonly #options: ChaosOptions;
  readonly #ended = new AbortController();
  readonly #run: Promise<void>;
  #kills = 0;
  #lastKillAtMs = performance.now();

  constructor(options: ChaosOptions) {
    this.#options = options;
    this.#run = this.#killInTurn();
    // Whoever stops it hears of a process that does not come back.
    this.#run.catch(() => undefined);
  }

  /** So far. */
  get kills(): number {
    return this.#kills;
  }

  /**
   * Waits until so much of the load may be under way.
   *
   * @param share from 0 to 1
   * @param signal ends the waiting
   */
  async pace(share: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && share > this.#shareAllowed()) await sleep(PACE_POLL_MS);
  }

  /**
   * No more kills. Resolves when all processes take requests again.
   *
   * @throws Error when one does not
   */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#run;
  }

  #shareAllowed(): number {
    const sinceKillMs = performance.now() - this.#lastKillAtMs;
    return shareAllowed({ kills: this.#kills, killsMin: this.#options.killsMin, sinceKillMs });
  }

  async #killInTurn(): Promise<void> {
    const { targets } = this.#options;
    const { signal } = this.#ended;
    for (let turn = 0; ; turn += 1) {
      const downMs = performance.now() - this.#lastKillAtMs;
      await rest(Math.max(PERIOD_MS - downMs, downMs, WELL_MS_MIN), signal);
      const target = targets[turn % targets.length];
      if (signal.aborted || target === undefined) return;
      this.#lastKillAtMs = performance.now();
      this.#kills += 1;
      await target.kill();
    }
  }
}

/**
 * How much of the load may be under way: it is spread evenly over the time before, between and
 * after the kills that it has to see, so that each of them hits it in full swing.
 */
export function shareAllowed(at: {
  readonly kills: number;
  readonly killsMin: number;
  readonly sinceKillMs: number;
}): number {
  const stretches = at.kills + Math.min(1, at.sinceKillMs / PERIOD_MS);
  return Math.min(1, stretches / (at.killsMin + 1));
}

/** Sleeps, and wakes up early when the signal is aborted. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
