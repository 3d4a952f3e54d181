import { ER_CHECKREAD, ER_DUP_ENTRY, ER_LOCK_DEADLOCK, errnoOf } from './mysql-trouble.js';

const TRIES_MAX = 5;

/** Somebody else was faster, and the server has rolled everything back: the next try sees it. */
const RACES: ReadonlySet<number | undefined> = new Set([
  ER_DUP_ENTRY,
  ER_LOCK_DEADLOCK,
  ER_CHECKREAD,
]);

/** Does the work again when it lost a race. What it has written was rolled back. */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= TRIES_MAX || !RACES.has(errnoOf(error))) throw error;
    }
  }
}
