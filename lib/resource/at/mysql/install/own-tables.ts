import { FENCE, SCHEMA_VERSION } from '../agreement.js';

const SUFFIX = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const XID = 'xid varchar(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';
const IMAGE = 'longtext CHARACTER SET ascii COLLATE ascii_bin';

/** Of an undo row, in versions from 3 on. */
export const SINCE_VERSION_3 = {
  nth: 'bigint unsigned NOT NULL DEFAULT 0',
  state: `tinyint unsigned NOT NULL DEFAULT ${String(FENCE.committed)}`,
  written_at: 'timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)',
} as const;

/** By it the rows of a branch are found, and there is one first row of each. */
export const BRANCH_KEY = 'UNIQUE KEY dtx_branch (xid, branch, nth)';

/**
 * Our tables, in the order in which they are created. The primary key of the undo rows is the
 * global lock. A key is ASCII whatever its columns are; `shown` is what people see of it.
 *
 * The first row of a branch has 0 as `nth`, so that the branch cannot commit where a tombstone has
 * that place: it proves the commit without a row of its own for that.
 */
export const OWN_TABLES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    dtx_undo_row: `(
  tbl varchar(160) NOT NULL,
  pk varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ${XID},
  branch bigint unsigned NOT NULL,
  seq bigint unsigned NOT NULL,
  nth ${SINCE_VERSION_3.nth},
  state ${SINCE_VERSION_3.state},
  written_at ${SINCE_VERSION_3.written_at},
  shape bigint unsigned NOT NULL,
  changes int unsigned NOT NULL DEFAULT 0,
  is_broken tinyint NOT NULL DEFAULT 0,
  shown varchar(200) NULL,
  before_image ${IMAGE} NULL,
  after_image ${IMAGE} NULL,
  PRIMARY KEY (tbl, pk),
  ${BRANCH_KEY}) ${SUFFIX}`,
    dtx_table_shape: `(
  shape bigint unsigned NOT NULL PRIMARY KEY,
  tbl varchar(160) NOT NULL,
  columns_of longtext NOT NULL,
  hash char(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL) ${SUFFIX}`,
    // Last, since it says that the others are there.
    dtx_schema_version: `(
  version int unsigned NOT NULL PRIMARY KEY,
  installed_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)) ${SUFFIX}`,
  }),
);

/** Statements for those of our tables that are missing. */
export function missingTables(existing: ReadonlySet<string>): readonly string[] {
  const missing = [...OWN_TABLES].filter(([name]) => !existing.has(name));
  if (missing.length === 0) return [];
  return [
    ...missing.map(([name, definition]) => `CREATE TABLE IF NOT EXISTS ${name} ${definition}`),
    RAISE_VERSION,
  ];
}

/**
 * Says which version the tables and triggers are of; before the triggers, so that none of an older
 * one puts its own in their place from then on.
 */
export const RAISE_VERSION =
  'INSERT IGNORE INTO dtx_schema_version (version) ' + `VALUES (${String(SCHEMA_VERSION)})`;
