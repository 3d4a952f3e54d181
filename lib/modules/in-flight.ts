import type { Clock } from '../protocol/index.js';

/** Counts work that a shutdown has to wait for. */
export class InFlight {
  readonly #clock: Clock;
  #count = 0;
  #onIdle: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Work begins; the returned function says that it has ended, and may be called again. */
  enter(): () => void {
    this.#count += 1;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#count -= 1;
      if (this.#count === 0) this.#onIdle?.();
    };
  }

  /**
   * Waits until nothing is under way, or the time is up.
   *
   * @returns how much is still under way
   */
  async idle(timeoutMs: number): Promise<number> {
    if (this.#count === 0) return 0;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(timeoutMs, resolve);
      this.#onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#onIdle = undefined;
    return this.#count;
  }
}
