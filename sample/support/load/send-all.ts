import { setTimeout as sleep } from 'node:timers/promises';

/** What a caller was told: nothing in between is ever assumed. */
export type Outcome = 'committed' | 'refused' | 'unknown';

export interface Told<T> {
  readonly request: T;
  readonly outcome: Outcome;
  /** Why it was refused. */
  readonly reason?: string;
}

export interface SendOptions {
  readonly url: string;
  readonly concurrency: number;
  /** Aborted: nothing more is sent, what is under way is finished. */
  readonly signal: AbortSignal;
  /** Waits until so much of the load may be under way. */
  readonly pace?: (share: number, signal: AbortSignal) => Promise<void>;
}

const ANSWER_MS_MAX = 60_000;
/** With the pauses between them long enough for a killed process to come back. */
const ATTEMPTS_MAX = 9;
const PAUSE_MS = { first: 50, longest: 1_000 };
const OUTCOME_UNKNOWN = 'DTX_ERR_TM_OUTCOME_UNKNOWN';

/** Sends the requests side by side, each as soon as one of the places is free. */
export async function sendAll<T>(
  requests: readonly T[],
  { url, concurrency, signal, pace }: SendOptions,
): Promise<readonly Told<T>[]> {
  const told: Told<T>[] = [];
  const queue = requests.entries();
  const work = async (): Promise<void> => {
    // One iterator for all: each request goes to the first who asks.
    for (const [index, request] of queue) {
      await pace?.(index / requests.length, signal);
      if (signal.aborted) return;
      told.push(await send(url, request));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return told;
}

/** Again, as a new global transaction, where the answer says that this one was rolled back. */
async function send<T>(url: string, request: T): Promise<Told<T>> {
  for (let attempts = 1; ; attempts += 1) {
    const { retryable, ...told } = await post(url, request);
    if (!retryable || attempts === ATTEMPTS_MAX) return told;
    await sleep(Math.min(PAUSE_MS.first * 2 ** (attempts - 1), PAUSE_MS.longest));
  }
}

async function post<T>(
  url: string,
  request: T,
): Promise<Told<T> & { readonly retryable: boolean }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    if (response.ok) return { request, outcome: 'committed', retryable: false };
    const body = JSON.parse(text) as { readonly code?: string; readonly retryable?: boolean };
    const { code = `HTTP ${response.status}`, retryable = false } = body;
    if (code === OUTCOME_UNKNOWN) return { request, outcome: 'unknown', retryable: false };
    return { request, outcome: 'refused', reason: code, retryable };
  } catch (error) {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    // Without a connection nothing has happened. Else it may all have been done but answered.
    if (code !== 'ECONNREFUSED') return { request, outcome: 'unknown', retryable: false };
    return { request, outcome: 'refused', reason: 'NOT_REACHED', retryable: true };
  }
}
