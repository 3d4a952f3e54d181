/**
 * What the triggers in the database and this code have agreed on. Databases outlive processes: a
 * change here needs a new SCHEMA_VERSION.
 */

/** Version of our tables. */
export const SCHEMA_VERSION = 3;

/** Begins the names of everything of ours; tables of such names are never captured. */
export const PREFIX = 'dtx_';

/** Variable of a session: the xid in a branch, `guarded` under the global lock, else NULL. */
export const TAG = '@dtx_tag';

/** Variable of a session: the id of the branch, a number; NULL where there is none. */
export const BRANCH = '@dtx_branch';

/** Variable of a session that is not NULL in sessions of ours, which no guard stops. */
export const OWN = '@dtx_own';

/**
 * Variable of a session: a transaction whose commit is decided, so that what its undo rows lock may
 * be taken over. Set before the decision, while nothing is written; NULL behind every local
 * transaction.
 */
export const RELEASED = '@dtx_released';

/** Variables of the triggers: who holds what a write has met, and the message about it. */
export const HOLDER = '@dtx_holder';
export const MESSAGE = '@dtx_message';

/** Variable of the triggers: the key of an undo row that is looked for. */
export const SOUGHT = '@dtx_sought';

/** Variable of the triggers: the id of the branch that has most likely its first undo row. */
export const GUESS = '@dtx_guess';

/**
 * Variables of a session that restores a row: its image, and its table. Triggers of ours give a row
 * that is updated these values, whatever triggers of the application have made of it.
 */
export const RESTORED = '@dtx_restored';
export const RESTORED_OF = '@dtx_restored_of';

/** SQLSTATE: another global transaction holds the row. */
export const LOCK_CONFLICT_STATE = '45001';

/** SQLSTATE: a writer outside of everything was stopped, because the row is held. */
export const GUARD_STATE = '45002';

/** SQLSTATE: the write could not be undone. */
export const REFUSED_STATE = '45003';

/** SQLSTATE: a tombstone stands where the first undo row should go. */
export const FENCED_STATE = '45004';

/** State of rows in `dtx_undo_row`. What is true of a branch is the highest one of its rows. */
export const FENCE = {
  /** Whoever sees the row knows that phase one is committed; that of every undo row. */
  committed: 1,
  /** Phase one was committed and has been rolled back. */
  undone: 2,
  /** Phase two came first: phase one can never commit. */
  tombstone: 3,
} as const;

/** In SQL: whether a row of `dtx_undo_row` is a fence, which is about its branch as a whole. */
export const IS_FENCE = "tbl = ''";

/** In SQL: whether it is of a table, or a lock. */
export const IS_NO_FENCE = "tbl <> ''";

/** Stands for NULL in an image. */
export const NULL_PART = '~';

/** Shape of undo rows that are no rows of their table: values of unique indexes, references. */
export const LOCK_SHAPE = '0';

/** Of images and keys, whatever the character set of the database. */
export const ASCII = 'CHARACTER SET ascii COLLATE ascii_bin';

/** The sql_mode of our triggers. */
export const TRIGGER_MODE = 'STRICT_ALL_TABLES';

/** That of triggers that restore values, some of which are no longer allowed: ENUM no member. */
export const INSISTING_MODE = 'ALLOW_INVALID_DATES';
