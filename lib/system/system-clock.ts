import type { Clock, Timer } from '../protocol/index.js';

/** The real time. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs: number, callback: () => void): Timer {
    const timer = setTimeout(callback, delayMs).unref();
    return {
      cancel() {
        clearTimeout(timer);
      },
    };
  },
  soon(callback: () => void): void {
    setImmediate(callback);
  },
};
