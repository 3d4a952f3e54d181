import {
  FENCE,
  FENCED_STATE,
  GUARD_STATE,
  HOLDER,
  LOCK_CONFLICT_STATE,
  LOCK_SHAPE,
  MESSAGE,
  REFUSED_STATE,
  RELEASED,
  TAG,
} from '../agreement.js';
import { labelOf } from '../labels.js';
import { literal } from '../sql-text.js';

/** Characters of a key that fit into the message of an error. */
const MESSAGE_KEY_LENGTH_MAX = 40;

/** SQL that fails when a holder was met. */
export function raiseConflict(name: string, shown: string): string {
  const limit = String(MESSAGE_KEY_LENGTH_MAX);
  return `IF ${HOLDER} IS NOT NULL THEN
      SET ${MESSAGE} = ${shown};
      IF CHAR_LENGTH(${MESSAGE}) > ${limit} THEN
        SET ${MESSAGE} = CONCAT('#', LEFT(SHA2(${MESSAGE}, 256), 16));
      END IF;
      SET ${MESSAGE} = CONCAT('dtx ', ${HOLDER}, ' ', ${literal(labelOf(name))}, '|', ${MESSAGE});
      IF ${TAG} IS NULL THEN
        SIGNAL SQLSTATE '${GUARD_STATE}' SET MESSAGE_TEXT = ${MESSAGE};
      END IF;
      SIGNAL SQLSTATE '${LOCK_CONFLICT_STATE}' SET MESSAGE_TEXT = ${MESSAGE};
    END IF;`;
}

/** SQL that refuses a write. The reason is spelled out by whoever reads the message. */
export function refuse(reason: string, name: string): string {
  const message = literal(`dtx ${reason} ${labelOf(name)}`);
  return `SIGNAL SQLSTATE '${REFUSED_STATE}' SET MESSAGE_TEXT = ${message};`;
}

/**
 * SQL that writes the fence row. It is asked for at every row: a variable that remembers it would
 * outlive a ROLLBACK TO that takes the fence row back. A tombstone makes it fail.
 */
export const WRITE_FENCE = `IF own_branch > 0 THEN
      SET ${HOLDER} = NULL;
      INSERT INTO dtx_branch_fence (xid, branch, state)
      VALUES (own_xid, own_branch, ${String(FENCE.committed)})
      ON DUPLICATE KEY UPDATE state = IF(state = ${String(FENCE.committed)}, state,
        IF((${HOLDER} := state) = 0, state, state));
      IF ${HOLDER} IS NOT NULL THEN
        SIGNAL SQLSTATE '${FENCED_STATE}' SET MESSAGE_TEXT = 'dtx fenced';
      END IF;
    END IF;`;

/** A lock of an undo row. */
export interface Lock {
  /** What the undo row is named after. */
  readonly name: string;
  /** SQL of the key. */
  readonly key: string;
  /** SQL of the key for people; undefined where they can read the key. */
  readonly shown: string | undefined;
}

/** What happened to a row, in SQL; undefined where there was or is none. */
export interface Change {
  readonly shape: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Whether the undo row is of a transaction that needs it no more. */
const IS_RELEASED = `xid = ${RELEASED}`;

/** Columns of an undo row that say whose it is; `xid` last, since the others ask for it. */
const OWNING_COLUMNS = ['branch', 'seq', 'shown', 'xid'] as const;

/** Assignments that make a released undo row one of the change that has met it. */
function takeOver(columns: readonly string[]): string {
  return columns
    .map((column) => `${column} = IF(${IS_RELEASED}, VALUES(${column}), ${column})`)
    .join(',\n      ');
}

/**
 * SQL that adds a change to the undo row of its key. Changes of one row fold into one: the first
 * before image stays, the last after image counts, and NULL says that there is no row. A change
 * that did not find the row as the last one had left it marks the undo row as broken.
 *
 * The holder is noted within a comparison, since servers leave out tests for NULL of what cannot
 * be NULL.
 *
 * The insert waits for whoever has the key; of a holder it notes the name. The row of a holder that
 * is released becomes that of the change, in place: to delete it first would lock the gap where it
 * is gone already. Work that is no branch
 * takes its row back at once: the lock of the database stays until its end, without locking gaps.
 */
export function recordChange(lock: Lock, { shape, before, after }: Change): string {
  return `SET ${HOLDER} = NULL;
    INSERT INTO dtx_undo_row
      (tbl, pk, xid, branch, seq, shape, shown, before_image, after_image)
    VALUES (${literal(lock.name)}, ${lock.key}, own_xid, own_branch, UUID_SHORT(), ${shape},
      ${lock.shown ?? 'NULL'}, ${before ?? 'NULL'}, ${after ?? 'NULL'})
    ON DUPLICATE KEY UPDATE
      is_broken = IF(xid = own_xid,
        is_broken OR NOT (after_image <=> VALUES(before_image)) OR shape <> VALUES(shape),
        IF(${IS_RELEASED}, 0, IF((${HOLDER} := xid) = '', is_broken, is_broken))),
      after_image = IF(xid = own_xid OR ${IS_RELEASED}, VALUES(after_image), after_image),
      changes = IF(${IS_RELEASED}, 0, changes + 1),
      ${takeOver(['before_image', 'shape', ...OWNING_COLUMNS])};
    ${afterInsert(lock)}`;
}

/** SQL that locks a value that is no row. */
export function lockValue(lock: Lock): string {
  return `SET ${HOLDER} = NULL;
    INSERT INTO dtx_undo_row (tbl, pk, xid, branch, seq, shape, shown)
    VALUES (${literal(lock.name)}, ${lock.key}, own_xid, own_branch, UUID_SHORT(), ${LOCK_SHAPE},
      ${lock.shown ?? 'NULL'})
    ON DUPLICATE KEY UPDATE
      changes = IF(xid = own_xid OR ${IS_RELEASED}, changes,
        IF((${HOLDER} := xid) = '', changes, changes)),
      ${takeOver(OWNING_COLUMNS)};
    ${afterInsert(lock)}`;
}

function afterInsert({ key, name, shown }: Lock): string {
  return `${raiseConflict(name, shown ?? key)}
    IF own_branch = 0 THEN
      DELETE FROM dtx_undo_row WHERE tbl = ${literal(name)} AND pk = ${key};
    END IF;`;
}
