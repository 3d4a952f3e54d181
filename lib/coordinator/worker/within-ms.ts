import type { Clock } from '../../protocol/index.js';

/** Resolves with the work, at the latest after the time; the work goes on then. */
export function withinMs(clock: Clock, timeoutMs: number, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, resolve);
    const finish = (): void => {
      timer.cancel();
      resolve();
    };
    work.then(finish, finish);
  });
}

/** Resolves after the time. */
export function sleep(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
}
