import { messageOf } from '../protocol/index.js';
import type { GlobalTransaction } from './global-transaction.js';

/**
 * To be awaited before a participant answers its caller that it has failed: a caller that swallows
 * the answer would otherwise commit the half that was done here.
 *
 * Only what has worked in the transaction can have left a half: a failed lookup dooms nobody. And
 * what an annotated method let through by its rules is no failure to the transaction.
 *
 * @param what the work that has failed, for the message: `StockController.deduct`
 */
export async function markFailedPart(
  part: GlobalTransaction,
  what: string,
  thrown: unknown,
): Promise<void> {
  if (part.role !== 'participant' || !part.hasWorked || part.isSpared) return;
  await markRollbackOnly(part, `${what} failed: ${messageOf(thrown)}`);
}

/** Whose mark has arrived: each layer around a failure would otherwise send it again. */
const marked = new WeakSet<GlobalTransaction>();

/** The caller gets the error of the work whether or not the mark has arrived. */
export async function markRollbackOnly(active: GlobalTransaction, reason: string): Promise<void> {
  if (!active.isActive || marked.has(active)) return;
  try {
    await active.setRollbackOnly(reason);
    marked.add(active);
  } catch (error) {
    // Without the mark the caller decides by the error of the work alone.
    active.manager.log.error(`${active.xid} could not be marked rollback-only`, error);
  }
}
