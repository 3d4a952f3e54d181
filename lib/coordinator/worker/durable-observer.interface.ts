import type { Effect, SessionChange } from '../core/index.js';
import type { LiveSession } from './live-session.js';

/** Hears of what has become durable, before whoever asked for it is answered. */
export interface DurableObserver {
  /** One change of a session, in order. */
  changed(live: LiveSession, change: SessionChange): void;
  /** What is to be done about it. */
  effect(live: LiveSession, effect: Effect): void;
  /** The session was read anew: whatever its state asks for is to be done. */
  reloaded(live: LiveSession): void;
  /** No request is about the session any more. */
  idle(live: LiveSession): void;
}
