import { messageOf } from '../../protocol/index.js';
import type { AtResource } from './at-resource.js';
import type { Attempt, Start } from './attempt.js';
import type { StatementContent } from './hot-rows.js';
import type { LocalWork } from './local-work.js';
import type { Around } from './work-of.js';
import { workOf } from './work-of.js';
import type { Statement } from './statement.js';

/**
 * Runs one autocommit statement as a local transaction, and again when it had to wait for a row.
 *
 * @param content by which it is known again, if many want the row
 */
export async function runAutocommit<Result>(
  resource: AtResource,
  around: Around,
  statement: Statement,
  attempt: (work: LocalWork, start: Start) => Promise<Attempt<Result>>,
  content?: StatementContent,
): Promise<Result> {
  const work = workOf(resource, around, `${statement.label} on ${resource.resourceId}`);
  const isWrite = statement.kind === 'write';
  try {
    return await resource.lockWaiter.run(
      work,
      { content: isWrite ? content : undefined, isWrite },
      { attempt: (start) => attempt(work, start) },
    );
  } catch (error) {
    work.rolledBack(messageOf(error));
    throw error;
  }
}
