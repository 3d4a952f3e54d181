import { ResourceExhaustedError, TransactionLimitError } from '../../protocol/index.js';

const ADVICE: Readonly<Record<string, string>> = {
  namespace: 'Choose a shorter namespace.',
  applicationId: 'Choose a shorter applicationId.',
  resourceId: 'Choose a shorter resourceId.',
  timeoutMs: 'Locks live as long as the transaction: split the work, or end it sooner.',
  branches: 'Do more of the work in one local transaction, or split the global one.',
  'data of all branches': 'Keep large data in the databases of the branches, and its keys in them.',
  data: 'Keep large data in the database of the branch, and its key in the branch.',
};

/** The refusal, if the value is above its bound. */
export function limitExceeded(
  limit: string,
  value: number,
  max: number,
): TransactionLimitError | undefined {
  return value <= max ? undefined : new TransactionLimitError(limit, max, ADVICE[limit] ?? '');
}

/** The same for what is counted, and may be fewer at another time. */
export function tooMany(
  limit: string,
  count: number,
  max: number,
): ResourceExhaustedError | undefined {
  return count <= max ? undefined : new ResourceExhaustedError(limit, max, ADVICE[limit] ?? '');
}
