import type { OrderLine } from './orders-file.js';
import type { Outcome } from './outcome.js';

/** What the order service has answered, as far as it has. */
export type Answer =
  | { readonly kind: 'committed' }
  | { readonly kind: 'rolled-back'; readonly outcome: Outcome; readonly again: Again }
  /** Neither of the two can be told from here. */
  | { readonly kind: 'unknown' };

/** Whether the same order may succeed as a new transaction. */
export type Again = 'never' | 'after-conflict' | 'after-outage';

interface Refusal {
  readonly code?: string;
  readonly retryable?: boolean;
}

/** More than a transaction may take, with the wait for its rollback. */
const ANSWER_MS_MAX = 60_000;

const LOCK_CONFLICT = 'DTX_ERR_RM_LOCK_CONFLICT';
const OUTCOME_UNKNOWN = 'DTX_ERR_TM_OUTCOME_UNKNOWN';

/** Places an order, once. */
export async function postOrder(url: string, order: OrderLine): Promise<Answer> {
  try {
    const response = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const body = await response.text();
    return response.ok ? { kind: 'committed' } : readRefusal(response.status, body);
  } catch (error) {
    return readFailure(error);
  }
}

function readRefusal(status: number, body: string): Answer {
  const { code = `HTTP ${status}`, retryable = false } = JSON.parse(body) as Refusal;
  if (code === OUTCOME_UNKNOWN) return { kind: 'unknown' };
  return { kind: 'rolled-back', outcome: code, again: againAfter(code, retryable) };
}

function againAfter(code: string, retryable: boolean): Again {
  if (!retryable) return 'never';
  return code === LOCK_CONFLICT ? 'after-conflict' : 'after-outage';
}

/**
 * Without a connection nothing was sent, so nothing has happened. In all other cases the service
 * may have done everything but answer.
 */
function readFailure(error: unknown): Answer {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  if (code !== 'ECONNREFUSED') return { kind: 'unknown' };
  return { kind: 'rolled-back', outcome: 'ORDER_UNAVAILABLE', again: 'after-outage' };
}
