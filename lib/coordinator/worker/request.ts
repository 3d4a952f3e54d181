import type { Command, Decision, Session } from '../core/index.js';
import type { StoreAnswer } from '../store/index.js';
import type { LiveSession } from './live-session.js';

/** One command on its way to the store. */
export interface Request {
  readonly live: LiveSession;
  /** None: only read the session again. */
  readonly command: Command | undefined;
  /** Whoever waits for the answer; a lazy request has nobody. */
  readonly caller: Caller | undefined;
  /** How often it had to be decided again. */
  retryCount: number;
  /** Monotonic time of the first of these. */
  overtakenSinceMs: number | undefined;
  decision: Decision | undefined;
  /** What the store said to the change of the decision. */
  answer: StoreAnswer | undefined;
  /** Why there is no decision. */
  error: unknown;
}

export interface Caller {
  /** What the caller asked for, as messages call it. */
  readonly what: string;
  resolve(standing: Session | undefined): void;
  reject(error: unknown): void;
}

/** A request that has not been looked at yet. */
export function newRequest(
  live: LiveSession,
  command: Command | undefined,
  caller: Caller | undefined,
): Request {
  return {
    live,
    command,
    caller,
    retryCount: 0,
    overtakenSinceMs: undefined,
    decision: undefined,
    answer: undefined,
    error: undefined,
  };
}
