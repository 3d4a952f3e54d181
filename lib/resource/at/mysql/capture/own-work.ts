import { GUARDED } from '../../at-engine.interface.js';
import { BRANCH, TAG } from '../agreement.js';

/*
 * For whom a trigger works, in SQL: read from the mark wherever it is needed. A variable of the
 * trigger is an instruction more for every row, whether it is read or not, and costs the server
 * more than to read the mark again.
 */

/** Whether it is a branch; otherwise it is work under the global lock, or nobody's. */
export const IS_BRANCH = `${BRANCH} IS NOT NULL`;

/** The xid of the branch, to be stored. */
export const OWN_XID = `IFNULL(${TAG}, '${GUARDED}')`;

/**
 * The xid of the branch, to be compared. In the collation of our columns, or their indexes would be
 * of no use; and the session may have another one by now, and two of those are not compared.
 */
export const KNOWN_XID = `CONVERT(${OWN_XID} USING ascii) COLLATE ascii_bin`;

/** The id of the branch, 0 where it is none. */
export const OWN_BRANCH = `IFNULL(${BRANCH}, 0)`;

/**
 * SQL of a key to compare with those of undo rows: a variable, or made of one. In the collation of
 * our column, as KNOWN_XID. A key that is computed from OLD or NEW is known too late for the
 * server to look for it by the index: it would read the whole table, and lock what it reads.
 */
export const comparedKey = (variable: string): string =>
  `CONVERT(${variable} USING ascii) COLLATE ascii_bin`;

/**
 * SQL: the session locks no gaps, and each of its statements has a snapshot of its own.
 *
 * @param isolation the variable of the server that has the level
 */
export const readsCommitted = (isolation: string): string =>
  `@@${isolation} IN ('READ-COMMITTED', 'READ-UNCOMMITTED')`;
