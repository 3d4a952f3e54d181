import type { Timer } from '../protocol/index.js';
import { messageOf } from '../protocol/index.js';
import type { ResourceHost } from './dtx-resource.interface.js';

const INTERVAL_MS = 600_000;

/** Longer than anybody keeps trying: a late phase one must still meet its fence. */
const RETENTION_MS = 7 * 86_400_000;

/**
 * Deletes fences that nobody can ask for any more, now and then, until it is cancelled.
 *
 * @param name for the log
 * @param purge deletes those that are older
 */
export function purgeFencesRegularly(
  { clock, log }: Pick<ResourceHost, 'clock' | 'log'>,
  name: string,
  purge: (olderThanMs: number) => Promise<unknown>,
): Timer {
  let isCancelled = false;
  let timer: Timer;
  const plan = (): void => {
    timer = clock.after(INTERVAL_MS, () => {
      purge(RETENTION_MS)
        .catch((error: unknown) => {
          log.warn(`${name}: old fences stay: ${messageOf(error)}`);
        })
        .finally(() => {
          if (!isCancelled) plan();
        });
    });
  };
  plan();
  return {
    cancel: () => {
      isCancelled = true;
      timer.cancel();
    },
  };
}
