import { LockConflictError, codeOf } from '../protocol/index.js';

/** Where errors keep the error that they stand for: ours, TypeORM's, Nest's, and HTTP clients'. */
const INNER = ['cause', 'driverError', 'response', 'data', 'error', 'body'] as const;

/** A response of an error of an HTTP client is as deep as it gets. */
const DEPTH_MAX = 5;

const IN_TEXT = `[${LockConflictError.code}]`;

/**
 * Whether a lock conflict is behind what was thrown. It may have come from another service: then
 * its code is all that is left of it, in a field of the answer or in front of a message.
 */
export function isLockConflict(thrown: unknown, depth = 0): boolean {
  if (typeof thrown === 'string') return thrown.includes(IN_TEXT);
  if (typeof thrown !== 'object' || thrown === null || depth > DEPTH_MAX) return false;
  if (thrown instanceof LockConflictError || codeOf(thrown) === LockConflictError.code) return true;
  const fields = thrown as Readonly<Record<string, unknown>>;
  if ([fields['message'], fields['details']].some(isConflictText)) return true;
  return INNER.some((name) => isLockConflict(fields[name], depth + 1));
}

const isConflictText = (text: unknown): boolean =>
  typeof text === 'string' && text.includes(IN_TEXT);
