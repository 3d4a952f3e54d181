import type { BranchTag } from '../../lib/resource/at/index.js';

interface HostileTag {
  readonly what: string;
  readonly tag: BranchTag;
  /** Of the error that refuses it. */
  readonly code: string;
}

const badXid = (what: string, xid: string): HostileTag => ({
  what: `an xid ${what}`,
  tag: { xid, branchId: '7' },
  code: 'DTX_ERR_BAD_XID',
});

const badBranchId = (what: string, branchId: string): HostileTag => ({
  what: `a branch id ${what}`,
  tag: { xid: 'x1', branchId },
  code: 'DTX_ERR_BAD_BRANCH_ID',
});

/** Ids that are none, as somebody may send them who wants them to be read as something else. */
export const HOSTILE_TAGS: readonly HostileTag[] = [
  badXid('with a quote', `x'; DROP TABLE account; --`),
  badXid('with a double quote', 'x"'),
  badXid('with a backslash', 'x\\'),
  badXid('with a line feed at its end', 'x1\n'),
  badXid('with a NUL', 'x\0'),
  badXid('with the separators of XA names', 'x|y:1'),
  badXid('with a digit of another alphabet', 'x\u0661'),
  badXid('of nothing', ''),
  badXid('that is too long', 'x'.repeat(41)),
  badXid('of a megabyte', 'x'.repeat(1_048_576)),
  badBranchId('with SQL behind it', '7 OR 1 = 1'),
  badBranchId('with a quote', `7'`),
  badBranchId('with a line feed at its end', '7\n'),
  badBranchId('that is zero', '0'),
  badBranchId('that is negative', '-7'),
  badBranchId('with a zero before it', '07'),
  badBranchId('in another notation', '7e3'),
  badBranchId('beyond 63 bits', '9223372036854775808'),
  badBranchId('of nothing', ''),
];
