import type { LockConflict } from '../../protocol/index.js';

/** What one run of some work came to. */
export type Attempt<Result> = { readonly conflict: LockConflict } | { readonly result: Result };

/** A row is taken over before the commit of its holder is durable. */
export interface Credit {
  readonly holder: LockConflict;
  /** Whether it has become durable. Never rejects. */
  readonly durable: Promise<boolean>;
}

/** How an attempt begins. */
export interface Start {
  /** A statement of ours that has to come before it in its local transaction. */
  readonly ahead?: string | undefined;
  /** Nothing may come of the attempt, not even its error, before that is durable. */
  readonly credit?: Credit | undefined;
}

/**
 * What the attempt came to, once the commit is durable that it was made upon. If that never is, the
 * attempt has met the holder: it is rolled back, and made anew when the row is free.
 */
export async function onCredit<Result>(
  credit: Credit | undefined,
  attempt: () => Promise<Attempt<Result>>,
): Promise<Attempt<Result>> {
  if (credit === undefined) return attempt();
  try {
    const made = await attempt();
    return (await credit.durable) ? made : { conflict: credit.holder };
  } catch (error) {
    if (await credit.durable) throw error;
    return { conflict: credit.holder };
  }
}
