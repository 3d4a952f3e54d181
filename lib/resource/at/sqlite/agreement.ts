/**
 * What is agreed about our tables in the user's file. Files outlive processes: a change here needs
 * a new SCHEMA_VERSION.
 */

/** Version of the tables. */
export const SCHEMA_VERSION = 1;

export const UNDO_TABLE = 'dtx_undo_row';
export const FENCE_TABLE = 'dtx_branch_fence';
export const VERSION_TABLE = 'dtx_schema_version';

/** Shape of rows that are locks and no images: values of unique indexes, references. */
export const LOCK_SHAPE = '0';

/** Stands between the referenced key and the child in the key of a presence lock. */
export const PRESENCE_SEPARATOR = '<';
/** The character behind the separator, for the end of the range of a prefix. */
export const PRESENCE_END = '=';

/** State of a row in `dtx_branch_fence`. */
export const FENCE = {
  /** Phase one is committed. */
  committed: 1,
  /** Phase one was committed and has been rolled back. */
  undone: 2,
  /** Phase two came first: phase one can never commit. */
  tombstone: 3,
} as const;

/** Functions that we register on each connection. */
export const FUNCTIONS = {
  /** Whether the triggers have to do anything: 0 or 1. */
  on: 'dtx_on',
  /** The xid of the local transaction; NULL where rows are only looked at. */
  xid: 'dtx_xid',
  branch: 'dtx_branch',
  /** (table, key, holder): ends the statement. */
  conflict: 'dtx_conflict',
  /** (reason): ends the statement. */
  refuse: 'dtx_refuse',
  /** (0.0 or -0.0): its text with the sign, which SQLite itself does not print. */
  zero: 'dtx_zero',
} as const;

/** Names of our triggers, all of them in the temporary schema of a connection. */
export const TRIGGER_PREFIX = 'dtx_capture_';

/** Milliseconds since 1970, as SQL. */
export const NOW_MS = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";
