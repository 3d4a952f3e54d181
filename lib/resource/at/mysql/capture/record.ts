import {
  GUARD_STATE,
  HOLDER,
  LOCK_CONFLICT_STATE,
  LOCK_SHAPE,
  MESSAGE,
  REFUSED_STATE,
  RELEASED,
  SOUGHT,
  TAG,
} from '../agreement.js';
import { labelOf } from '../labels.js';
import { literal } from '../sql-text.js';
import { IS_BRANCH, KNOWN_XID, OWN_BRANCH, OWN_XID, comparedKey } from './own-work.js';
import { DECLARE_PLACE, FORGET_GUESS, LATER_PLACE, settlePlace } from './place-of-row.js';

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
 * What the inserts of a trigger need. A handler costs next to nothing as long as nothing is there,
 * which is nearly always; ON DUPLICATE KEY UPDATE costs as much as the insert itself.
 */
export const NOTE_DUPLICATES = `DECLARE is_there boolean DEFAULT FALSE;
    ${DECLARE_PLACE}
    DECLARE CONTINUE HANDLER FOR 1062 SET is_there = TRUE;`;

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

/** Notes whose the undo row is, and changes nothing. */
const noteHolder = (unchanged: string): string =>
  `IF((${HOLDER} := xid) = '', ${unchanged}, ${unchanged})`;

/** Makes the undo row of a released holder one of ours; `xid` last, since all others ask for it. */
function takeOver(values: Readonly<Record<string, string>>): string {
  const ours = { branch: OWN_BRANCH, seq: 'UUID_SHORT()', written_at: 'CURRENT_TIMESTAMP(3)' };
  return Object.entries({ ...values, ...ours, xid: KNOWN_XID })
    .map(([column, value]) => `${column} = IF(${IS_RELEASED}, ${value}, ${column})`)
    .join(',\n        ');
}

/**
 * SQL that adds a change to the undo row of its key. Changes of one row fold into one: the first
 * before image stays, the last after image counts, and NULL says that there is no row. A change
 * that did not find the row as the last one had left it marks the undo row as broken.
 *
 * The insert waits for whoever has the key; of a holder the update notes the name, within a
 * comparison, since servers leave out tests for NULL of what cannot be NULL. The row of a holder
 * that is released becomes that of the change.
 *
 * Work that is no branch takes its row back at once: the lock of the database stays until its end,
 * without locking gaps.
 *
 * @param lock whose key is a variable
 * @param place FIRST_PLACE for the first change that a trigger records, LATER_PLACE for others
 */
export function recordChange(lock: Lock, { shape, before, after }: Change, place: string): string {
  const [was, is] = [before ?? 'NULL', after ?? 'NULL'];
  const shown = lock.shown ?? 'NULL';
  const isRow = `tbl = ${literal(lock.name)} AND pk = ${lock.key}`;
  return `INSERT INTO dtx_undo_row
      (tbl, pk, xid, branch, seq, nth, shape, shown, before_image, after_image)
    VALUES (${literal(lock.name)}, ${lock.key}, ${OWN_XID}, ${OWN_BRANCH}, UUID_SHORT(), ${place},
      ${shape}, ${shown}, ${was}, ${is});
    IF is_there THEN
      SET is_there = FALSE, ${HOLDER} = NULL;
      UPDATE dtx_undo_row FORCE INDEX (PRIMARY) SET
        is_broken = IF(xid = ${KNOWN_XID},
          is_broken OR NOT (after_image <=> ${was}) OR shape <> ${shape},
          IF(${IS_RELEASED}, 0, ${noteHolder('is_broken')})),
        after_image = IF(xid = ${KNOWN_XID} OR ${IS_RELEASED}, ${is}, after_image),
        changes = IF(${IS_RELEASED}, 0, changes + 1),
        ${takeOver({ before_image: was, shape, shown, nth: place })}
      WHERE ${isRow};
      ${place === LATER_PLACE ? '' : FORGET_GUESS}
      ${raiseConflict(lock.name, lock.shown ?? lock.key)}
      ${place === LATER_PLACE ? '' : settlePlace(isRow)}
    END IF;
    ${takeBack(lock)}`;
}

/** SQL that locks a value that is no row. */
export function lockValue(lock: Lock): string {
  const shown = lock.shown ?? 'NULL';
  return `INSERT INTO dtx_undo_row (tbl, pk, xid, branch, seq, nth, shape, shown)
    VALUES (${literal(lock.name)}, ${lock.key}, ${OWN_XID}, ${OWN_BRANCH}, UUID_SHORT(),
      ${LATER_PLACE}, ${LOCK_SHAPE}, ${shown});
    IF is_there THEN
      SET is_there = FALSE, ${HOLDER} = NULL, ${SOUGHT} = ${lock.key};
      UPDATE dtx_undo_row FORCE INDEX (PRIMARY) SET
        changes = IF(xid = ${KNOWN_XID} OR ${IS_RELEASED}, changes, ${noteHolder('changes')}),
        ${takeOver({ shown, nth: LATER_PLACE })}
      WHERE tbl = ${literal(lock.name)} AND pk = ${comparedKey(SOUGHT)};
      ${raiseConflict(lock.name, lock.shown ?? lock.key)}
    END IF;
    ${takeBack(lock)}`;
}

function takeBack({ key, name }: Lock): string {
  return `IF NOT (${IS_BRANCH}) THEN
      SET ${SOUGHT} = ${key};
      DELETE u FROM dtx_undo_row AS u FORCE INDEX (PRIMARY)
      WHERE u.tbl = ${literal(name)} AND u.pk = ${comparedKey(SOUGHT)};
    END IF;`;
}
