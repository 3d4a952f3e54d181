import type { Clock } from '../../protocol/index.js';
import type { Ending } from './end-signal.js';

/** Calls that wait for one thing to happen, each with its own bound. */
export class Waiters {
  readonly #wakes = new Set<() => void>();

  get isEmpty(): boolean {
    return this.#wakes.size === 0;
  }

  /** Resolves on wakeAll(), when the caller is gone, at the latest after `timeoutMs`. */
  wait(clock: Clock, timeoutMs: number, gone?: Ending): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        gone?.removeEventListener('abort', wake);
        this.#wakes.delete(wake);
        resolve();
      };
      const timer = clock.after(timeoutMs, wake);
      gone?.addEventListener('abort', wake);
      this.#wakes.add(wake);
    });
  }

  wakeAll(): void {
    for (const wake of this.#wakes) wake();
  }
}
