import { BadBranchIdError, BadXidError } from './errors/index.js';
import type { BranchTarget } from './messages.js';

/** What an xid may look like; foreign ones (Seata, dtm) are admitted in their own limits later. */
const XID_PATTERN = /^[A-Za-z0-9._-]{1,40}$/;

const BRANCH_ID_PATTERN = /^[1-9][0-9]{0,18}$/;

/** The largest 63-bit number. Numbers of as many digits compare as their texts do. */
const BRANCH_ID_MAX = '9223372036854775807';

/** The namespace of whoever names none. */
export const NAMESPACE_DEFAULT = 'default';

/** Whether the text can be the id of a global transaction: 1 to 40 of `A-Z a-z 0-9 . _ -`. */
export function isXid(text: string): boolean {
  return XID_PATTERN.test(text);
}

/** Whether the text is a positive 63-bit number in decimal. */
export function isBranchId(text: string): boolean {
  if (!BRANCH_ID_PATTERN.test(text)) return false;
  return text.length < BRANCH_ID_MAX.length || text <= BRANCH_ID_MAX;
}

/**
 * Returns the xid, or throws. Ids go into SQL text where no parameter can, so every door checks.
 *
 * @throws BadXidError (DTX_ERR_BAD_XID)
 */
export function assertXid(text: string): string {
  if (!isXid(text)) throw new BadXidError(text);
  return text;
}

/**
 * Returns the branch, or throws.
 *
 * @throws BadXidError (DTX_ERR_BAD_XID), BadBranchIdError (DTX_ERR_BAD_BRANCH_ID)
 */
export function assertBranch<T extends Pick<BranchTarget, 'xid' | 'branchId'>>(branch: T): T {
  assertXid(branch.xid);
  if (!isBranchId(branch.branchId)) throw new BadBranchIdError(branch.branchId);
  return branch;
}
