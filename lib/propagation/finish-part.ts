import { markFailedPart } from '../transaction/index.js';
import type { GlobalTransaction } from '../transaction/index.js';

/**
 * Ends what a service does in somebody else's transaction: work that outlives the request, such as
 * a leaked timer, must not go on in it.
 *
 * @param what `A request`
 */
export function finishPart(part: GlobalTransaction, what: string): void {
  const openCount = part.finish();
  if (openCount === 0) return;
  part.manager.log.warn(
    `${what} of global transaction ${part.xid} ended with ${String(openCount)} local ` +
      `transaction(s) still open. Await all work before the response is sent.`,
  );
}

/** What a caller that hung up is told to have done. */
export const HUNG_UP = 'the caller hung up before it was answered';

/**
 * Ends a part whose caller has not waited for its answer. It may have done half of its work, and a
 * caller that swallows its own timeout would commit that.
 */
export function abandonPart(part: GlobalTransaction, what: string): void {
  // It looks at once whether there is something to be marked, so before the part is over.
  void markFailedPart(part, what, new Error(HUNG_UP));
  finishPart(part, what);
}
