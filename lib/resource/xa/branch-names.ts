import { createHash } from 'node:crypto';

import { assertBranch, isBranchId, isXid } from '../../protocol/index.js';
import type { BranchTag } from '../at/index.js';

/** What every id of ours begins with: nobody else's is ever touched. */
export const NAME_PREFIX = 'dtx';

const SCOPE_DIGITS = 12;

/** Tells data sources on one server apart, in few letters. */
export function scopeOf(resourceId: string): string {
  return createHash('sha256').update(resourceId).digest('hex').slice(0, SCOPE_DIGITS);
}

/**
 * The two parts of a name: at most 44 and 32 characters, each within the 64 of XA. They go into SQL
 * text where no parameter can, so both ids are checked here.
 */
export function partsOf(scope: string, tag: BranchTag): readonly [string, string] {
  const { branchId, xid } = assertBranch(tag);
  return [`${NAME_PREFIX}:${xid}`, `${scope}:${branchId}`];
}

/** The branch that the parts name; undefined where they are not ours, or of another data source. */
export function tagOf(scope: string, first: string, second: string): BranchTag | undefined {
  const [prefix, xid = '', ...moreOfFirst] = first.split(':');
  const [owner, branchId = '', ...moreOfSecond] = second.split(':');
  if (moreOfFirst.length > 0 || moreOfSecond.length > 0) return undefined;
  if (prefix !== NAME_PREFIX || owner !== scope) return undefined;
  return isXid(xid) && isBranchId(branchId) ? { xid, branchId } : undefined;
}
