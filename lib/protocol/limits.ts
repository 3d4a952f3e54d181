/** Default of `timeoutMs`: how long a global transaction may stay undecided. As in Seata. */
export const TIMEOUT_MS_DEFAULT = 60_000;

/** Upper bound of `timeoutMs`: one day. Locks live as long as the transaction. */
export const TIMEOUT_MS_MAX = 86_400_000;

/** Default of `rollbackWaitMs`: how long rollback() waits until every branch is restored. */
export const ROLLBACK_WAIT_MS_DEFAULT = 10_000;

/**
 * Default of `commitWaitMs`: how long commit() waits for the phase two of branches whose effects
 * show only then (TCC, XA).
 */
export const COMMIT_WAIT_MS_DEFAULT = 10_000;

/** Characters of a transaction's name that are kept. */
export const NAME_LENGTH_MAX = 200;

/** Characters of `data` that a branch may bring along. */
export const BRANCH_DATA_LENGTH_MAX = 16_384;

/** Characters of an error text that are kept with a branch. */
export const ERROR_TEXT_LENGTH_MAX = 2_000;

/** Branches of one global transaction. */
export const BRANCHES_PER_TRANSACTION_MAX = 1_000;

/** Characters of a resource id, an application id or a namespace. */
export const RESOURCE_ID_LENGTH_MAX = 128;

/** Characters that all branches of one global transaction may bring along together. */
export const SESSION_DATA_LENGTH_MAX = 1_048_576;

/** Characters of a phase-two result that are kept with a branch. */
export const BRANCH_RESULT_LENGTH_MAX = 2_000;

/** Failed attempts that are kept with a branch: enough to see when it began and what it is now. */
export const FAILED_ATTEMPTS_KEPT_MAX = 5;

/** Characters of each of them; the last error is kept longer. Many branches share a record. */
export const FAILED_ATTEMPT_LENGTH_MAX = 300;

/** Later than every time: nothing is due, nothing lapses. Exact in every store. */
export const NEVER_MS = Number.MAX_SAFE_INTEGER;
