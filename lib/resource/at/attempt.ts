import type { LockConflict } from '../../protocol/index.js';

/** What one run of some work came to. */
export type Attempt<Result> = { readonly conflict: LockConflict } | { readonly result: Result };
