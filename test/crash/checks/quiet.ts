import { until } from '../../support/until.js';
import type { Left } from './books.js';

/** @param isDirty whether undo rows have to stay, for a person */
export function isNothing(left: Left, isDirty: boolean): boolean {
  const { fences, orphans, prepared, reserved, sessions, tries, undoRows } = left;
  const mustGo = sessions + prepared + orphans + tries + reserved;
  return mustGo === 0 && (isDirty || undoRows + fences === 0);
}

/** Whether it comes true in time. */
export async function holds(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<boolean> {
  return until(condition, timeoutMs).then(
    () => true,
    () => false,
  );
}
