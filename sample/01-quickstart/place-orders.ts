import { setTimeout as sleep } from 'node:timers/promises';

import type { OrderLine } from './orders-file.js';
import { COMMITTED, type Outcome } from './outcome.js';
import { postOrder } from './post-order.js';

export interface PlaceOptions {
  readonly url: string;
  readonly concurrency: number;
  /** Aborted: no more orders are placed, those under way are finished. */
  readonly signal: AbortSignal;
  /** Waits until the order, at this share of the way from 0 to 1, may be placed. */
  readonly pace?: (share: number, signal: AbortSignal) => Promise<void>;
  readonly onOutcome: (order: OrderLine, outcome: Outcome) => Promise<void>;
  /** It may have been committed or rolled back: whoever counts it as either may be wrong. */
  readonly onUnknown: (order: OrderLine) => void;
}

/** Orders that wait for a locked row meet others again and again: at some point they give up. */
const ATTEMPTS_MAX = 10;
const PAUSE_MS = 20;
/** A service that does not run, or does not reach its coordinator, is waited for. */
const OUTAGE_MS_MAX = 30_000;
const OUTAGE_PAUSE_MS = 150;

/** Places the orders side by side, each as soon as one of the places is free. */
export async function placeOrders(
  orders: readonly OrderLine[],
  { url, concurrency, signal, pace, onOutcome, onUnknown }: PlaceOptions,
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const queue = orders.entries();
  const work = async (): Promise<void> => {
    // One iterator for all: each order goes to the first who asks.
    for (const [index, order] of queue) {
      await pace?.(index / orders.length, stop);
      if (stop.aborted) return;
      const outcome = await place(url, order, stop);
      if (outcome === undefined) onUnknown(order);
      else await onOutcome(order, outcome);
    }
  };
  const places = Array.from({ length: concurrency }, () =>
    work().catch((error: unknown) => {
      failed.abort(error);
    }),
  );
  // All of them, also after a failure: nothing is at work any more when we return.
  await Promise.all(places);
  failed.signal.throwIfAborted();
}

/**
 * Tries again, as a new global transaction, when another order had locked a row that we need, or
 * when somebody is not there at the moment.
 *
 * @returns nothing when the answer was lost, since a second try could be a second order; and when
 *   it was stopped before the last try
 */
async function place(
  url: string,
  order: OrderLine,
  stop: AbortSignal,
): Promise<Outcome | undefined> {
  const outageEndMs = performance.now() + OUTAGE_MS_MAX;
  let attempts = 0;
  for (;;) {
    const answer = await postOrder(url, order);
    if (answer.kind === 'unknown') return undefined;
    if (answer.kind === 'committed') return COMMITTED;
    if (answer.again === 'never') return answer.outcome;
    const inOutage = answer.again === 'after-outage';
    if (!inOutage) attempts += 1;
    const givesUp = inOutage ? performance.now() > outageEndMs : attempts === ATTEMPTS_MAX;
    if (givesUp) return answer.outcome;
    if (stop.aborted) return undefined;
    await sleep((inOutage ? OUTAGE_PAUSE_MS : PAUSE_MS * attempts) * (0.5 + Math.random()));
  }
}
