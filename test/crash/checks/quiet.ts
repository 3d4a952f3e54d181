import { until } from '../../support/until.js';
import type { Left } from './books.js';

/** @param isDirty whether undo rows have to stay, for a person */
export function isNothing(
  { fences, prepared, sessions, undoRows }: Left,
  isDirty: boolean,
): boolean {
  return sessions === 0 && prepared === 0 && (isDirty || (undoRows === 0 && fences === 0));
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
