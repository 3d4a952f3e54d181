import type { Local } from './plan.js';
import type { Played } from './play.js';
import { OK } from './play.js';

/**
 * Whether one of the writes of a local transaction, or its COMMIT, wrote nothing or failed, and
 * came to something else when it was played again: what it refers to was gone, or its key was
 * taken. To fail when it is played again it must have found something, too.
 */
export const hasFoundLess = ({ steps }: Local, was: Played, is: Played): boolean =>
  was.outcomes.some((before, index) => {
    const [outcome, sql] = [is.outcomes[index], steps[index]?.sql];
    if (outcome === undefined || sql?.startsWith('SELECT ') === true) return false;
    if (before !== OK) return outcome !== before;
    if (sql === undefined || was.rowCounts[index] !== 0) return false;
    return outcome !== OK || (is.rowCounts[index] ?? 0) > 0;
  });
