import {
  FENCE,
  LOCK_CONFLICT_STATE,
  REFUSED_STATE,
  SCHEMA_VERSION,
  TAG_SETTING,
} from '../agreement.js';

/**
 * Everything in the schema `dtx`, from nothing.
 *
 * - `undo_row`: one row per row that an undecided transaction has changed. Its primary key is the
 *   global lock. Images that are NULL say that there was, or is, no row.
 * - `branch_fence`: one row per branch, written in the local transaction of phase one or by phase
 *   two, whoever comes first.
 * - `table_shape`: what the columns were, for the people who look at an undo row.
 */
export const CREATE_TABLES = `
CREATE TABLE dtx.schema_version (version integer NOT NULL);
INSERT INTO dtx.schema_version VALUES (${String(SCHEMA_VERSION)});

CREATE TABLE dtx.undo_row (
  tbl text COLLATE "C" NOT NULL,
  pk text COLLATE "C" NOT NULL,
  xid text COLLATE "C" NOT NULL,
  branch bigint NOT NULL,
  -- Orders the changes of one branch, which is one session; the cache saves most of its cost.
  seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 32),
  shape bigint NOT NULL,
  before text,
  after text,
  PRIMARY KEY (tbl, pk)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  vacuum_truncate = off);
-- Branch ids are random 63-bit numbers, so the xid adds nothing but width to the index.
CREATE INDEX undo_row_branch ON dtx.undo_row (branch);

CREATE TABLE dtx.branch_fence (
  xid text COLLATE "C" NOT NULL,
  branch bigint NOT NULL,
  state smallint NOT NULL DEFAULT ${String(FENCE.committed)},
  changed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (xid, branch)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
  vacuum_truncate = off);

CREATE TABLE dtx.table_shape (
  shape bigint PRIMARY KEY,
  tbl text NOT NULL,
  columns text[] NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now()
);`;

/** A function that all tables share. */
interface SharedFunction {
  readonly name: string;
  readonly sql: string;
}

/** Refuses to write a row that cannot be restored. Its one argument says why and what to do. */
const REFUSE_WRITE: SharedFunction = {
  name: 'dtx.refuse_write',
  sql: `CREATE OR REPLACE FUNCTION dtx.refuse_write() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '${REFUSED_STATE}', MESSAGE = TG_ARGV[0];
END
$dtx$`,
};

const REFUSE_TRUNCATE: SharedFunction = {
  name: 'dtx.refuse_truncate',
  sql: `CREATE OR REPLACE FUNCTION dtx.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '${REFUSED_STATE}',
    MESSAGE = format('TRUNCATE of %I.%I cannot be undone. Use DELETE, or do it outside of the '
      'global transaction.', TG_TABLE_SCHEMA, TG_TABLE_NAME);
END
$dtx$`,
};

/** Raises the lock conflict when the undo row is another transaction's. */
const ASSERT_HELD: SharedFunction = {
  name: 'dtx.assert_held',
  sql: `CREATE OR REPLACE FUNCTION dtx.assert_held(changed_tbl text, changed_key text, own_xid text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  -- The failed upsert has locked the row, so it is still there.
  holder text := (SELECT xid FROM dtx.undo_row WHERE tbl = changed_tbl AND pk = changed_key);
BEGIN
  IF holder = own_xid THEN
    RETURN;
  END IF;
  RAISE EXCEPTION USING ERRCODE = '${LOCK_CONFLICT_STATE}',
    MESSAGE = format('row %s of %s is locked by global transaction %s',
      changed_key, changed_tbl, holder),
    DETAIL = json_build_object('table', changed_tbl, 'key', changed_key, 'holder', holder)::text;
END
$dtx$`,
};

/**
 * Puts a change to where it belongs in the chain of changes of its row: behind the last one that is
 * known, or in front of the first one, when a trigger of the user has changed the row again before
 * this change was captured. A change that fits nowhere follows on a write that was not captured.
 */
const FOLD_CHANGE: SharedFunction = {
  name: 'dtx.fold_change',
  sql: `CREATE OR REPLACE FUNCTION dtx.fold_change(changed_tbl text, changed_key text,
  from_image text, to_image text, current_image text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  held dtx.undo_row;
  is_last boolean;
  is_first boolean;
BEGIN
  SELECT * INTO STRICT held FROM dtx.undo_row u WHERE u.tbl = changed_tbl AND u.pk = changed_key;
  is_last := held.after IS NOT DISTINCT FROM from_image;
  is_first := held.before IS NOT DISTINCT FROM to_image;
  IF is_last AND is_first THEN
    -- There and back again. The row itself shows which way came last.
    is_last := current_image IS NOT DISTINCT FROM to_image;
    is_first := current_image IS NOT DISTINCT FROM held.after;
  END IF;
  IF is_last THEN
    UPDATE dtx.undo_row u SET after = to_image WHERE u.tbl = changed_tbl AND u.pk = changed_key;
  ELSIF is_first THEN
    UPDATE dtx.undo_row u SET before = from_image WHERE u.tbl = changed_tbl AND u.pk = changed_key;
  ELSE
    RAISE EXCEPTION USING ERRCODE = '${REFUSED_STATE}',
      MESSAGE = format('row %s of %s is not as global transaction %s left it: a writer outside of '
        'it, or a change of the table, came in between. Nothing more can be written to the row.',
        changed_key, changed_tbl, held.xid);
  END IF;
END
$dtx$`,
};

export const SHARED_FUNCTIONS: readonly SharedFunction[] = [
  REFUSE_WRITE,
  REFUSE_TRUNCATE,
  ASSERT_HELD,
  FOLD_CHANGE,
];

/** SQL of the condition under which a trigger does anything: inside a branch. */
export const IN_BRANCH = `pg_catalog.current_setting('${TAG_SETTING}', true) <> ''`;
