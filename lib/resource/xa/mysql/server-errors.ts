import type { Ending, EndingAnswer } from '../index.js';

/** Number of an error that the server has sent. */
export function errnoOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { errno, sqlState } = error as { errno?: unknown; sqlState?: unknown };
  return typeof errno === 'number' && typeof sqlState === 'string' ? errno : undefined;
}

/** The server does not know the branch, or a connection that lives has it. */
export const XAER_NOTA = 1397;
/** A transaction is open that is no branch. */
export const XAER_OUTSIDE = 1400;
/** XA RECOVER is not for everybody on MySQL. */
export const ACCESS_DENIED: ReadonlySet<number> = new Set([1045, 1227, 1401]);

/** The branch was rolled back by the server itself. */
const ROLLED_BACK: ReadonlySet<number> = new Set([1402, 1613, 1614]);

/** What an error of XA COMMIT or XA ROLLBACK says about its branch; undefined: nothing. */
export function answerOf(error: unknown, ending: Ending): EndingAnswer | undefined {
  if (!ROLLED_BACK.has(errnoOf(error) ?? 0)) return undefined;
  return ending === 'commit' ? 'reversed' : 'done';
}
