import type { Clock, Timer } from '../../protocol/index.js';
import { HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN } from './limits.js';

interface HeartbeatDeps {
  readonly clock: Clock;
  /** Asks whether anybody is there. */
  readonly ping: () => void;
  readonly onSilence: (silentMs: number) => void;
}

/**
 * Listens whether the node is still there: a connection whose other end has vanished does not end
 * by itself. Silence is found within two and a half heartbeats.
 */
export class Heartbeat {
  readonly #deps: HeartbeatDeps;
  #everyMs = 0;
  #heardMs = 0;
  #hasAsked = false;
  #timer: Timer | undefined;

  constructor(deps: HeartbeatDeps) {
    this.#deps = deps;
  }

  start(everyMs: number): void {
    this.#everyMs = Math.min(HEARTBEAT_MS_MAX, Math.max(HEARTBEAT_MS_MIN, everyMs));
    this.heard();
    this.#plan();
  }

  heard(): void {
    this.#heardMs = this.#deps.clock.monotonicMs();
    this.#hasAsked = false;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#everyMs = 0;
  }

  #plan(): void {
    this.#timer = this.#deps.clock.after(this.#everyMs / 2, () => {
      this.#look();
    });
  }

  #look(): void {
    if (this.#silentMs < this.#everyMs) {
      this.#plan();
      return;
    }
    // A process that was suspended has heard nothing either; so it asks before it hangs up.
    if (!this.#hasAsked) {
      this.#hasAsked = true;
      this.#deps.ping();
      this.#plan();
      return;
    }
    if (this.#silentMs < 2 * this.#everyMs) {
      this.#plan();
      return;
    }
    // What has arrived while this process was busy is read first.
    this.#deps.clock.soon(() => {
      if (this.#everyMs === 0) return;
      if (this.#hasAsked) this.#deps.onSilence(this.#silentMs);
      else this.#plan();
    });
  }

  get #silentMs(): number {
    return this.#deps.clock.monotonicMs() - this.#heardMs;
  }
}
