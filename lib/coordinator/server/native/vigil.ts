import type { DtxError } from '../../../protocol/index.js';
import { ProtocolViolationError } from '../../../protocol/index.js';
import {
  CLOGGED_HEARTBEATS_MAX,
  SWEEPS_PER_HEARTBEAT,
  SWEEP_MS_MAX,
  SWEEP_MS_MIN,
  USELESS_PER_HEARTBEAT_MAX,
} from './limits.js';

interface VigilOptions {
  readonly heartbeatMs: number;
  readonly helloMs: number;
}

/** How a stream stands when it is looked at. */
interface Standing {
  readonly isGreeted: boolean;
  readonly isClogged: boolean;
  readonly takenFrames: number;
}

/** Time between two looks at a stream. */
export function sweepMsOf({ heartbeatMs }: Pick<VigilOptions, 'heartbeatMs'>): number {
  return Math.max(SWEEP_MS_MIN, Math.min(SWEEP_MS_MAX, heartbeatMs / SWEEPS_PER_HEARTBEAT));
}

/**
 * Watches one stream: whether the client is there, reads, and says something worth saying. Time is
 * counted in looks, not read from a clock: while this process stood still, no client was silent.
 */
export class Vigil {
  readonly #options: VigilOptions;
  readonly #looksPerHeartbeat: number;
  readonly #looksPerHello: number;
  #lookCount = 0;
  #silentCount = 0;
  #cloggedCount = 0;
  #takenFrames = 0;
  #uselessCount = 0;
  #isHeard = false;

  constructor(options: VigilOptions) {
    const sweepMs = sweepMsOf(options);
    this.#options = options;
    this.#looksPerHeartbeat = Math.max(1, Math.round(options.heartbeatMs / sweepMs));
    this.#looksPerHello = Math.max(1, Math.round(options.helloMs / sweepMs));
  }

  /** Something came. */
  heard(): void {
    this.#isHeard = true;
  }

  /** Something came that is good for nothing. Returns whether that can be borne. */
  useless(): boolean {
    this.#uselessCount += 1;
    return this.#uselessCount <= USELESS_PER_HEARTBEAT_MAX;
  }

  /** What to do now: nothing, ask whether the client is there, or close the stream, and why. */
  sweep(standing: Standing): 'well' | 'ask' | DtxError {
    this.#lookCount += 1;
    if (this.#lookCount % this.#looksPerHeartbeat === 0) this.#uselessCount = 0;
    const { heartbeatMs, helloMs } = this.#options;
    if (!standing.isGreeted && this.#lookCount > this.#looksPerHello) {
      return new ProtocolViolationError(`no hello within ${String(helloMs)} ms`);
    }
    if (this.#isStuck(standing)) {
      const ms = String(CLOGGED_HEARTBEATS_MAX * heartbeatMs);
      return new ProtocolViolationError(`nothing it was sent was read for ${ms} ms`);
    }
    this.#countSilence(standing);
    if (standing.isGreeted && this.#silentCount >= 2 * this.#looksPerHeartbeat) {
      return new ProtocolViolationError(`nothing for ${String(2 * heartbeatMs)} ms`);
    }
    const isDue = standing.isGreeted && this.#silentCount === this.#looksPerHeartbeat;
    return isDue ? 'ask' : 'well';
  }

  #isStuck({ isClogged, takenFrames }: Standing): boolean {
    const hasProgress = takenFrames !== this.#takenFrames;
    this.#takenFrames = takenFrames;
    this.#cloggedCount = isClogged && !hasProgress ? this.#cloggedCount + 1 : 0;
    return this.#cloggedCount > CLOGGED_HEARTBEATS_MAX * this.#looksPerHeartbeat;
  }

  /** While we do not read, we hear nothing. */
  #countSilence({ isClogged }: Standing): void {
    this.#silentCount = this.#isHeard || isClogged ? 0 : this.#silentCount + 1;
    this.#isHeard = false;
  }
}
