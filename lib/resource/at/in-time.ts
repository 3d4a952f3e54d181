import type { Clock } from '../../protocol/index.js';

/** Whether it happens in time. The event never rejects. */
export function inTime(clock: Clock, timeoutMs: number, event: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(Math.max(0, timeoutMs), () => {
      resolve(false);
    });
    void event.then(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
