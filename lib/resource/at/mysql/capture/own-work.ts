import { GUARDED } from '../../at-engine.interface.js';
import { TAG } from '../agreement.js';

/**
 * For whom a trigger works, in SQL: read from the mark wherever it is needed. A variable of the
 * trigger is an instruction more for every row, whether it is read or not, and costs the server
 * more than to take the mark apart.
 */
const MARK = `IFNULL(${TAG}, '${GUARDED}')`;

/**
 * The mark to remember, and to compare with what was: the session may have another collation by
 * then, and two of those are not compared.
 */
export const KNOWN_MARK = `CONVERT(${TAG} USING ascii) COLLATE ascii_bin`;

/** Whether it is a branch; otherwise it is work under the global lock, or nobody's. */
export const IS_BRANCH = `LOCATE('/', ${MARK}) > 0`;

/** The xid of the branch. In the collation of our columns, or their indexes would be of no use. */
export const OWN_XID = `CONVERT(SUBSTRING_INDEX(${MARK}, '/', 1) USING ascii) COLLATE ascii_bin`;

/** The id of the branch, 0 where it is none; a number, since text would be compared as a double. */
export const OWN_BRANCH = `CAST(IF(${IS_BRANCH},
      SUBSTRING_INDEX(${MARK}, '/', -1), '0') AS UNSIGNED)`;
