/**
 * What the triggers in the database and this code have agreed on. Databases outlive processes: a
 * change here needs a new SCHEMA_VERSION.
 */

/** Version of the tables in the schema `dtx`. */
export const SCHEMA_VERSION = 1;

/** Our schema in the business database. */
export const SCHEMA = 'dtx';

/** Setting of a local transaction that is a branch: `<xid>/<branch id>`. */
export const TAG_SETTING = 'dtx.tag';

/** Setting that holds the tag once the fence row of the local transaction is written. */
export const FENCED_SETTING = 'dtx.fenced';

/**
 * Setting of a local transaction that has waited for a row: the xid of its holder, whose commit is
 * decided, so that what its undo rows lock may be taken over.
 */
export const RELEASED_SETTING = 'dtx.released';

/**
 * Setting of a local transaction that restores rows: `on`. What triggers of the user write then is
 * recorded under the branch `ECHO_BRANCH`, to be taken back before the transaction ends.
 */
export const UNDOING_SETTING = 'dtx.undoing';

/** No branch has this id. */
export const ECHO_BRANCH = '0';

/** Stands before the names of their tables, so that they are nobody's locks. No name begins so. */
export const ECHO_PREFIX = '~';

/** Setting that holds the row image that is being restored. */
export const IMAGE_SETTING = 'dtx.image';

/** Setting that holds the name of the table that the image is of. */
export const IMAGE_TABLE_SETTING = 'dtx.image_table';

/** Setting of our own transactions, to which the guard trigger does not apply: `off`. */
export const GUARD_SETTING = 'dtx.guard';

/** Shape of undo rows that are locks and no rows, such as those of unique values. */
export const LOCK_SHAPE = 0;

/** Stands between the two keys of a row that protects a parent from being deleted. */
export const KEY_SEPARATOR = ' < ';

/**
 * Triggers of one kind fire in the order of their names. Capture comes first, before the triggers
 * of the user and of foreign keys change further rows, so that changes are seen in their order.
 */
export const CAPTURE_TRIGGER = '!dtx_capture';
export const GUARD_TRIGGER = '!dtx_guard';
export const REFUSE_TRIGGER = '!dtx_refuse';
export const TRUNCATE_TRIGGER = '!dtx_truncate';

/** Fires last, so that no other trigger changes a row that is being restored. */
export const RESTORE_TRIGGER = '~dtx_restore';

/** SQLSTATE of the notice that a statement of a branch has written. */
export const WRITTEN_STATE = 'SE000';

/** SQLSTATE: another global transaction holds the row. */
export const LOCK_CONFLICT_STATE = 'SE001';

/** SQLSTATE: the row is held, and the writer is in no global transaction. */
export const GUARDED_STATE = 'SE002';

/** SQLSTATE: the write could not be undone. */
export const REFUSED_STATE = 'SE003';

/** State of a row in `dtx.branch_fence`. */
export const FENCE = {
  /** Phase one is committed. */
  committed: 1,
  /** Phase one was committed and has been rolled back. */
  undone: 2,
  /** Phase two came first: phase one can never commit. */
  tombstone: 3,
} as const;
