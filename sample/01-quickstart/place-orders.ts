import { setTimeout as sleep } from 'node:timers/promises';

import type { OrderLine } from './orders-file.js';
import { COMMITTED, type Outcome } from './outcome.js';

export interface PlaceOptions {
  readonly url: string;
  readonly concurrency: number;
  /** Aborted: no more orders are placed, those under way are finished. */
  readonly signal: AbortSignal;
  readonly onOutcome: (order: OrderLine, outcome: Outcome) => Promise<void>;
}

const ATTEMPTS_MAX = 10;
const PAUSE_MS = 20;

/** Places the orders side by side, each as soon as one of the places is free. */
export async function placeOrders(
  orders: readonly OrderLine[],
  { url, concurrency, signal, onOutcome }: PlaceOptions,
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const queue = orders.values();
  const work = async (): Promise<void> => {
    // One iterator for all: each order goes to the first who asks.
    for (const order of queue) {
      if (stop.aborted) return;
      await onOutcome(order, await place(url, order));
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

/** Tries again, as a new global transaction, when another order had locked a row that we need. */
async function place(url: string, order: OrderLine): Promise<Outcome> {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await post(url, order);
    if (answer.outcome === COMMITTED) return COMMITTED;
    if (!answer.retryable || attempt === ATTEMPTS_MAX) return answer.outcome;
    await sleep(PAUSE_MS * attempt * (0.5 + Math.random()));
  }
}

interface Answer {
  readonly outcome: Outcome;
  readonly retryable: boolean;
}

interface Refusal {
  readonly code?: string;
  readonly message?: string;
  readonly retryable?: boolean;
}

async function post(url: string, order: OrderLine): Promise<Answer> {
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  const body = await response.text();
  if (response.ok) return { outcome: COMMITTED, retryable: false };
  const { code, message, retryable = false } = JSON.parse(body) as Refusal;
  // Neither committed nor rolled back: whoever counts it as either may be wrong.
  if (code === 'DTX_ERR_TM_OUTCOME_UNKNOWN') throw new Error(message);
  return { outcome: code ?? `HTTP ${response.status}`, retryable };
}
