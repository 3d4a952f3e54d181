import { BATCH_LENGTH_MAX, SPLIT_LENGTH_MIN } from './limits.js';
import type { Request } from './request.js';

/** Requests that wait for their batch. */
export class RequestQueue {
  /** Somebody waits for these. */
  #urgent: Request[] = [];
  /** Nobody waits for these. */
  #lazy: Request[] = [];

  get urgentCount(): number {
    return this.#urgent.length;
  }

  get lazyCount(): number {
    return this.#lazy.length;
  }

  push(request: Request): void {
    (request.caller === undefined ? this.#lazy : this.#urgent).push(request);
  }

  /**
   * The next batch. Requests about a session of a batch that is under way stay: they are decided on
   * what that one comes to.
   *
   * Those that somebody waits for go first; the others fill the batch up. Half of it is kept for
   * these, or more callers than a batch holds would keep every transaction from its end.
   *
   * @param batchCount how many batches may begin now: if many wait, they share
   */
  take(batchCount: number): Request[] {
    const waitingCount = this.#urgent.length + this.#lazy.length;
    const isShared = batchCount > 1 && waitingCount >= SPLIT_LENGTH_MIN;
    const countMax = Math.min(
      BATCH_LENGTH_MAX,
      isShared ? Math.ceil(waitingCount / batchCount) : waitingCount,
    );
    const urgentMax = Math.max(Math.ceil(countMax / 2), countMax - this.#lazy.length);
    const urgent = takeFrom(this.#urgent, urgentMax);
    this.#urgent = urgent.rest;
    const lazy = takeFrom(this.#lazy, countMax - urgent.taken.length);
    this.#lazy = lazy.rest;
    const batch = lazy.taken.length === 0 ? urgent.taken : urgent.taken.concat(lazy.taken);
    for (const { live } of batch) live.isBeingWritten = true;
    return batch;
  }
}

function takeFrom(queue: Request[], countMax: number): { taken: Request[]; rest: Request[] } {
  const free = (request: Request): boolean => !request.live.isBeingWritten;
  if (queue.length <= countMax && queue.every(free)) return { taken: queue, rest: [] };
  const taken: Request[] = [];
  const rest: Request[] = [];
  for (const request of queue) {
    if (taken.length < countMax && free(request)) taken.push(request);
    else rest.push(request);
  }
  return { taken, rest };
}
