/** What differs from one kind of database to the next, as text. */
export interface FenceDialect {
  readonly table: string;
  /** Answers with a row where the table is there. */
  readonly exists: string;
  readonly create: readonly string[];
  /** `{values}` stands for the row. A row that is there already is no error, and 0 rows. */
  readonly insert: string;
  readonly now: string;
  readonly lock: string;
  /** Deletes fences older than `{ms}` of the action `{action}`; a thousand at a time. */
  readonly purge: string | PurgeByKey;
}

/**
 * For a database whose DELETE waits at every row on its way that somebody has locked, and keeps
 * others from coming in between meanwhile.
 */
export interface PurgeByKey {
  /** Gives the keys of such fences, and locks nothing. */
  readonly find: string;
  /** Deletes the fences whose keys are in `{keys}`, a list in JSON. */
  readonly forget: string;
}

const COLUMNS = '(xid, branch, action, state)';

export const POSTGRES_FENCES: FenceDialect = {
  table: 'dtx.tcc_fence',
  exists: "SELECT 1 AS found WHERE to_regclass('dtx.tcc_fence') IS NOT NULL",
  create: [
    'CREATE SCHEMA IF NOT EXISTS dtx',
    `CREATE TABLE IF NOT EXISTS dtx.tcc_fence (
  xid text COLLATE "C" NOT NULL,
  branch bigint NOT NULL,
  action text COLLATE "C" NOT NULL,
  state smallint NOT NULL,
  notes text,
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (branch, xid)
) WITH (fillfactor = 70)`,
  ],
  insert: `INSERT INTO dtx.tcc_fence ${COLUMNS} VALUES {values} ON CONFLICT DO NOTHING`,
  now: 'now()',
  lock: ' FOR UPDATE',
  purge: `DELETE FROM dtx.tcc_fence WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM dtx.tcc_fence WHERE action = '{action}' AND state <> 1
    AND changed_at < now() - {ms} * interval '1 millisecond' LIMIT 1000))`,
};

export const MYSQL_FENCES: FenceDialect = {
  table: 'dtx_tcc_fence',
  exists:
    'SELECT 1 AS found FROM information_schema.tables ' +
    "WHERE table_schema = DATABASE() AND table_name = 'dtx_tcc_fence'",
  create: [
    `CREATE TABLE IF NOT EXISTS dtx_tcc_fence (
  xid varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  branch bigint NOT NULL,
  action varchar(128) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  state tinyint NOT NULL,
  notes mediumtext CHARACTER SET ascii COLLATE ascii_bin,
  changed_at datetime(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (branch, xid)
) ENGINE = InnoDB`,
  ],
  insert: `INSERT IGNORE INTO dtx_tcc_fence ${COLUMNS} VALUES {values}`,
  now: 'NOW(3)',
  lock: ' FOR UPDATE',
  purge: {
    find: `SELECT CAST(branch AS CHAR) AS branch, xid AS xid FROM dtx_tcc_fence
  WHERE action = '{action}' AND state <> 1
    AND changed_at < NOW(3) - INTERVAL {ms} * 1000 MICROSECOND LIMIT 1000`,
    forget: `DELETE f FROM JSON_TABLE('{keys}', '$[*]' COLUMNS (
    branch bigint PATH '$[0]',
    xid varchar(64) CHARACTER SET ascii COLLATE ascii_bin PATH '$[1]')) AS old
  STRAIGHT_JOIN dtx_tcc_fence AS f ON f.branch = old.branch AND f.xid = old.xid`,
  },
};

export const SQLITE_FENCES: FenceDialect = {
  table: 'dtx_tcc_fence',
  exists: "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'dtx_tcc_fence'",
  create: [
    `CREATE TABLE IF NOT EXISTS dtx_tcc_fence (
  xid TEXT NOT NULL,
  branch INTEGER NOT NULL,
  action TEXT NOT NULL,
  state INTEGER NOT NULL,
  notes TEXT,
  changed_at REAL NOT NULL DEFAULT (julianday('now')),
  PRIMARY KEY (branch, xid)
) WITHOUT ROWID`,
  ],
  insert: `INSERT OR IGNORE INTO dtx_tcc_fence ${COLUMNS} VALUES {values}`,
  now: "julianday('now')",
  lock: '',
  purge: `DELETE FROM dtx_tcc_fence WHERE action = '{action}' AND state <> 1
  AND changed_at < julianday('now') - {ms} / 86400000.0`,
};
