import type { Local } from './plan.js';
import type { Played } from './play.js';
import { OK } from './play.js';

/**
 * Whether one of the writes of a local transaction wrote nothing, and found something to write when
 * it was played again. To fail it must have found something, too.
 */
export const hasFoundLess = ({ steps }: Local, was: Played, is: Played): boolean =>
  steps.some(({ sql }, index) => {
    if (sql.startsWith('SELECT ') || was.rowCounts[index] !== 0) return false;
    const outcome = is.outcomes[index];
    if (outcome === undefined) return false;
    return outcome !== OK || (is.rowCounts[index] ?? 0) > 0;
  });
