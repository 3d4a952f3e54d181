import type { Ownership, Session, SessionChange } from '../core/index.js';

/** Deletes records of sessions that ended before the given time. */
export interface PurgeCommand {
  readonly kind: 'purge';
  readonly endedBeforeMs: number;
  readonly countMax: number;
}

/** One conditional write. Each one is answered on its own. */
export type StoreCommand = SessionChange | PurgeCommand;

export type StoreAnswer =
  /** Durable now. `count` is the number of records that were written or deleted. */
  | { readonly kind: 'done'; readonly count: number }
  /** The condition did not hold; `found` is what stands there when the whole batch is through. */
  | { readonly kind: 'refused'; readonly found: Session | undefined }
  /** Certainly not applied. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** It may have been applied or not: only reading tells. */
  | { readonly kind: 'unknown'; readonly error: unknown };

/**
 * Where sessions are durable. What a coordinator keeps in memory is a copy of it.
 *
 * Commands of one batch share one durable transaction, and take effect in their order. A command
 * that cannot be applied harms no other.
 */
export interface SessionStore {
  /** What messages call it: the file, or the database. */
  readonly place: string;
  /** Never rejects: what went wrong is in the answers, one per command. */
  apply(batch: readonly StoreCommand[]): Promise<readonly StoreAnswer[]>;
  load(namespace: string, xid: string): Promise<Session | undefined>;
  /** Starts a new turn: from now on every open session is the owner's, under a new epoch. */
  claimOpen(owner: string): Promise<Claim>;
  close(): Promise<void>;
}

export interface Claim {
  readonly ownership: Ownership;
  /** All sessions that have not ended. */
  readonly sessions: readonly Session[];
}
