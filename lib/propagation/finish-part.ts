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
