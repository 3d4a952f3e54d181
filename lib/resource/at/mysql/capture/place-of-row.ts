import { BRANCH, FENCE, FENCED_STATE, GUESS, HOLDER, LOCK_SHAPE } from '../agreement.js';
import { IS_BRANCH, KNOWN_XID, OWN_BRANCH, OWN_XID, readsCommitted } from './own-work.js';

/*
 * The first undo row of a branch is its fence: it has the place 0, of which there is one for each
 * branch. A tombstone has the same place, so the one of the two that comes later waits for the
 * other's end and fails. All other rows have places that nobody else has.
 */

/** SQL of the place of the first change that a trigger records, which `findPlace` has found. */
export const FIRST_PLACE = 'place';

/** SQL of the place of all others. */
export const LATER_PLACE = 'UUID_SHORT()';

export const DECLARE_PLACE = `DECLARE ${FIRST_PLACE} bigint unsigned DEFAULT 0;`;

const COMMITTED = String(FENCE.committed);

/**
 * SQL that finds out whether the branch has its first row. It is looked for at every row: a
 * variable that remembers it would outlive a ROLLBACK TO that takes the row back. So the variable
 * only says for whom a look is vain. The row is ours where it is there; a tombstone, seen or not,
 * leaves the place at 0, so that the insert meets it.
 *
 * At REPEATABLE READ it is read with a lock. A read without one would be the first of the local
 * transaction, and fix its snapshot: the application would miss whatever is committed between its
 * second write and its own first read. The price is the gap in front of the row, in which earlier
 * transactions wait that write for the first time. At READ COMMITTED no snapshot outlives its
 * statement: there it is by SELECT INTO without a lock, since the server locks what a sub-select
 * of SET or IF reads.
 *
 * @param isolation the variable of the server that has the level
 */
export function findPlace(isolation: string): string {
  const find = `SELECT IF(COUNT(*) = 0, 0, ${LATER_PLACE}) INTO ${FIRST_PLACE}
      FROM dtx_undo_row FORCE INDEX (dtx_branch)
      WHERE xid = ${KNOWN_XID} AND branch = ${OWN_BRANCH} AND nth = 0 AND state = ${COMMITTED}`;
  return `IF ${GUESS} <=> ${BRANCH} AND ${IS_BRANCH} THEN
      IF ${readsCommitted(isolation)} THEN
        ${find};
      ELSE
        ${find} LOCK IN SHARE MODE;
      END IF;
    ELSEIF ${IS_BRANCH} THEN
      SET ${GUESS} = ${BRANCH};
    ELSE
      SET ${FIRST_PLACE} = ${LATER_PLACE};
    END IF;`;
}

/** SQL behind a change that has met somebody else's row: with its statement the first row goes. */
export const FORGET_GUESS = `IF ${HOLDER} IS NOT NULL AND ${FIRST_PLACE} = 0 THEN
        SET ${GUESS} = NULL;
      END IF;`;

/** SQL that gives the branch a fence of its own. */
const INSERT_FENCE = `INSERT INTO dtx_undo_row (tbl, pk, xid, branch, seq, nth, shape)
          VALUES ('', CONCAT(${OWN_XID}, '/', ${OWN_BRANCH}), ${OWN_XID}, ${OWN_BRANCH},
            UUID_SHORT(), 0, ${LOCK_SHAPE});`;

/**
 * SQL behind a change whose insert has met a row, for a branch without a first one. What it has met
 * may have been
 *
 * - the undo row of a holder that was released: it has the place by now;
 * - an undo row of another branch of the transaction, which stays that one's: so the branch gets a
 *   fence of its own;
 * - a tombstone: then the transaction has no such undo row, and the write fails.
 *
 * The variable for the holder says which: 1, 0 or NULL.
 */
export function settlePlace(isUndoRow: string): string {
  return `IF ${FIRST_PLACE} = 0 THEN
        SET ${HOLDER} = (SELECT branch = ${OWN_BRANCH} AND nth = 0
          FROM dtx_undo_row FORCE INDEX (PRIMARY) WHERE ${isUndoRow} AND xid = ${KNOWN_XID});
        IF ${HOLDER} = 0 THEN
          ${INSERT_FENCE}
        END IF;
        IF ${HOLDER} IS NULL OR is_there THEN
          SIGNAL SQLSTATE '${FENCED_STATE}' SET MESSAGE_TEXT = 'dtx fenced';
        END IF;
      END IF;`;
}
