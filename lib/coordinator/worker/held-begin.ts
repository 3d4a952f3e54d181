import type { Clock } from '../../protocol/index.js';
import { LAZY_WRITE_MS } from './limits.js';
import type { LiveSession } from './live-session.js';

/**
 * Nobody waits for this begin, so it is written with the first thing that happens to the session,
 * or a little later: one durable write less on the way of most transactions.
 *
 * @param write makes the begin durable
 * @returns resolves when it is
 */
export function holdBegin(
  live: LiveSession,
  clock: Clock,
  write: () => Promise<unknown>,
): Promise<void> {
  // Nobody has begun an xid of 128 random bits before; if so, the store refuses the write.
  live.isLoaded = true;
  return new Promise((resolve, reject) => {
    const timer = clock.after(LAZY_WRITE_MS, () => void live.writeHeldBegin?.());
    const writeHeldBegin = (): Promise<void> => {
      timer.cancel();
      live.writeHeldBegin = undefined;
      return write().then(() => {
        resolve();
      }, reject);
    };
    // A function that is written where it is assigned to a property goes straight to V8's old
    // generation, and takes the whole transaction there: garbage that only a full collection finds.
    live.writeHeldBegin = writeHeldBegin;
  });
}
