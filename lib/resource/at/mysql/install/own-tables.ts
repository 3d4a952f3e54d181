import { SCHEMA_VERSION } from '../agreement.js';

const SUFFIX = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';
const XID = 'xid varchar(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL';
const IMAGE = 'longtext CHARACTER SET ascii COLLATE ascii_bin';

/**
 * Our tables, in the order in which they are created. The primary key of the undo rows is the
 * global lock. A key is ASCII whatever its columns are; `shown` is what people see of it.
 */
export const OWN_TABLES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    dtx_undo_row: `(
  tbl varchar(160) NOT NULL,
  pk varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  ${XID},
  branch bigint unsigned NOT NULL,
  seq bigint unsigned NOT NULL,
  shape bigint unsigned NOT NULL,
  changes int unsigned NOT NULL DEFAULT 0,
  is_broken tinyint NOT NULL DEFAULT 0,
  shown varchar(200) NULL,
  before_image ${IMAGE} NULL,
  after_image ${IMAGE} NULL,
  PRIMARY KEY (tbl, pk),
  KEY dtx_branch (xid, branch)) ${SUFFIX}`,
    dtx_branch_fence: `(
  ${XID},
  branch bigint unsigned NOT NULL,
  state tinyint unsigned NOT NULL,
  changed_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (xid, branch)) ${SUFFIX}`,
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
