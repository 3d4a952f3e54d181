import { setTimeout as sleep } from 'node:timers/promises';

import type { Placed, PlaceOrder } from './order/place-order.js';

/** What a caller was told about an order. */
export interface Told {
  readonly order: PlaceOrder;
  /** Of the transaction that has placed it; undefined when it was refused. */
  readonly xid?: string;
  /** Why it was refused. */
  readonly reason?: string;
  /** How often it was sent. */
  readonly attempts: number;
}

export interface PlaceOptions {
  readonly url: string;
  readonly concurrency: number;
  /** Aborted: no more orders are placed, those under way are finished. */
  readonly signal: AbortSignal;
  readonly onTold: (told: Told) => void;
}

const ATTEMPTS_MAX = 10;
const PAUSE_MS = 20;
const ANSWER_MS_MAX = 30_000;

/** Places the orders side by side, each as soon as one of the places is free. */
export async function placeOrders(
  orders: readonly PlaceOrder[],
  { url, concurrency, signal, onTold }: PlaceOptions,
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const queue = orders.values();
  const work = async (): Promise<void> => {
    // One iterator for all: each order goes to the first who asks.
    for (const order of queue) {
      if (stop.aborted) return;
      onTold(await place(url, order));
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
async function place(url: string, order: PlaceOrder): Promise<Told> {
  for (let attempts = 1; ; attempts += 1) {
    const { xid, code, retryable } = await post(url, order);
    if (xid !== undefined) return { order, xid, attempts };
    if (!retryable || attempts === ATTEMPTS_MAX) return { order, reason: code, attempts };
    await sleep(PAUSE_MS * attempts * (0.5 + Math.random()));
  }
}

interface Answer {
  readonly xid?: string;
  readonly code: string;
  readonly retryable: boolean;
}

async function post(url: string, order: PlaceOrder): Promise<Answer> {
  const response = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const body = (await response.json()) as Partial<Answer & Placed> & { readonly message?: string };
  const { code = `HTTP ${response.status}`, message, retryable = false } = body;
  if (response.ok) return { code, retryable, xid: body.xid ?? '' };
  // Neither committed nor rolled back: whoever counts it as either may be wrong.
  if (code === 'DTX_ERR_TM_OUTCOME_UNKNOWN') throw new Error(message);
  return { code, retryable };
}
