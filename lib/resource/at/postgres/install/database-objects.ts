import {
  ECHO_BRANCH,
  ECHO_PREFIX,
  FENCE,
  GUARD_SETTING,
  REFUSED_STATE,
  SCHEMA_VERSION,
  TAG_SETTING,
  UNDOING_SETTING,
} from '../agreement.js';
import { HOLDER_FUNCTIONS } from './holder-functions.js';
import type { SharedFunction } from './holder-functions.js';

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
  -- For dtx.fold_change: the place of the version that "after" is of, who made the version that
  -- "before" is of, and an "after" that is still to be checked.
  head tid,
  born xid,
  expected text[],
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

/**
 * Refuses to write a row that cannot be restored. Its one argument says why and what to do. What a
 * trigger of the user writes during a rollback is let through: no rollback may fail by it.
 */
const REFUSE_WRITE: SharedFunction = {
  name: 'dtx.refuse_write',
  sql: `CREATE OR REPLACE FUNCTION dtx.refuse_write() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
BEGIN
  IF current_setting('${UNDOING_SETTING}', true) = 'on' THEN
    RETURN coalesce(NEW, OLD);
  END IF;
  RAISE EXCEPTION USING ERRCODE = '${REFUSED_STATE}', MESSAGE = TG_ARGV[0];
END
$dtx$`,
};

const REFUSE_TRUNCATE: SharedFunction = {
  name: 'dtx.refuse_truncate',
  sql: `CREATE OR REPLACE FUNCTION dtx.refuse_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
BEGIN
  IF current_setting('${UNDOING_SETTING}', true) = 'on' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION USING ERRCODE = '${REFUSED_STATE}',
    MESSAGE = format('TRUNCATE of %I.%I cannot be undone. Use DELETE, or do it outside of the '
      'global transaction.', TG_TABLE_SCHEMA, TG_TABLE_NAME);
END
$dtx$`,
};

/**
 * Whether a row version is the current transaction's, its subtransactions included. A version that
 * somebody else made can be changed only when they have committed, so the question is whether its
 * transaction is in progress. Versions carry 32 bits of its number; the rest is the nearest that
 * fits.
 */
const IS_OWN: SharedFunction = {
  name: 'dtx.is_own',
  sql: `CREATE OR REPLACE FUNCTION dtx.is_own(version xid)
RETURNS boolean LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  now_xid bigint := pg_current_xact_id()::text::bigint;
  full_xid bigint := now_xid - now_xid % 4294967296 + version::text::bigint;
BEGIN
  full_xid := full_xid + CASE
    WHEN full_xid - now_xid > 2147483647 THEN -4294967296
    WHEN now_xid - full_xid > 2147483647 THEN 4294967296
    ELSE 0 END;
  RETURN full_xid > 0
    AND pg_xact_status(full_xid::text::xid8) IS NOT DISTINCT FROM 'in progress';
END
$dtx$`,
};

/**
 * Folds a change into the undo row of its key when it is not simply the next one.
 *
 * Triggers of rows are called when their statement has changed all its rows. A trigger of the user
 * that changes a row again, which the same statement has changed before, gets its change captured
 * first. So neither the order of the calls nor their images tell what came last, but two things are
 * sure: "after" is the row as it stands now, and "before" is the version that this local
 * transaction has found, or none.
 *
 * Where another branch has been before, "after" must be what this one finds. If it is not, somebody
 * from outside has written, and to fold over that would make the rollback overwrite it.
 */
const FOLD_CHANGE: SharedFunction = {
  name: 'dtx.fold_change',
  sql: `CREATE OR REPLACE FUNCTION dtx.fold_change(changed_tbl text, changed_key text,
  own_branch bigint, found_image text, found_version xid, current_image text, current_place tid)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  held dtx.undo_row;
  is_untouched boolean;
  -- Whether the change found a version that was there before this local transaction.
  is_first boolean := NOT dtx.is_own(found_version);
BEGIN
  SELECT * INTO STRICT held FROM dtx.undo_row u WHERE u.tbl = changed_tbl AND u.pk = changed_key;
  is_untouched := (SELECT NOT dtx.is_own(u.xmin) FROM dtx.undo_row u
    WHERE u.tbl = changed_tbl AND u.pk = changed_key);
  IF is_untouched THEN
    held.expected := ARRAY[held.after];
  END IF;
  IF is_first AND held.expected IS NOT NULL THEN
    IF held.expected[1] IS DISTINCT FROM found_image THEN
      RAISE EXCEPTION USING ERRCODE = '${REFUSED_STATE}',
        MESSAGE = format('row %s of %s is not as global transaction %s left it: a writer outside '
          'of it, or a change of the table, came in between. Nothing more can be written to the '
          'row.', changed_key, changed_tbl, held.xid);
    END IF;
    held.expected := NULL;
  END IF;
  IF held.branch = own_branch
      AND (is_first OR found_version IS NULL AND dtx.is_own(held.born)) THEN
    held.before := found_image;
    held.born := found_version;
  END IF;
  UPDATE dtx.undo_row u SET before = held.before, born = held.born, expected = held.expected,
    after = current_image, head = current_place
  WHERE u.tbl = changed_tbl AND u.pk = changed_key;
END
$dtx$`,
};

/**
 * Records what a trigger of the user does to a row while others are restored. The rows of the
 * transaction itself are left out, which get their before image anyway. Not so a row that it has
 * made and unmade: an undo row without images cannot tell what to look for.
 */
const RECORD_ECHO: SharedFunction = {
  name: 'dtx.record_echo',
  sql: `CREATE OR REPLACE FUNCTION dtx.record_echo(changed_tbl text, changed_key text,
  own_xid text, own_shape bigint, found_image text, left_image text)
RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $dtx$
INSERT INTO dtx.undo_row (tbl, pk, xid, branch, shape, before, after)
SELECT '${ECHO_PREFIX}' || changed_tbl, changed_key, own_xid, ${ECHO_BRANCH}, own_shape,
  found_image, left_image
WHERE NOT EXISTS (SELECT FROM dtx.undo_row u
  WHERE u.tbl = changed_tbl AND u.pk = changed_key AND u.xid = own_xid
    AND (u.before IS NOT NULL OR u.after IS NOT NULL))
ON CONFLICT (tbl, pk) DO NOTHING
$dtx$`,
};

/**
 * Deletes undo rows and fences of branches whose commit is decided; returns the branches of which
 * something is left, for another try.
 *
 * Rows that somebody else has locked are passed over: only another delete of the same rows or a
 * writer who has just met the conflict can hold one, and to wait for those in an order that they do
 * not share is how deadlocks are made. A fence stays as long as undo rows of its branch do, so that
 * the branch can be found again. A row that is locked keeps its place, so its place can name it.
 * The fence is looked for at the end, too: the undo row that has kept it may have gone since, with
 * the commit of a writer who has taken it over.
 *
 * The commit of this has to be durable: the coordinator is told, ends the transaction, and never
 * calls again; rows that came back with a restarted server would be held for ever. A function,
 * because its plans are kept and its text is not sent each time; the tables are mostly empty, and
 * plans for empty tables must not be used on full ones.
 */
const FORGET_BRANCHES: SharedFunction = {
  name: 'dtx.forget_branches',
  sql: `CREATE OR REPLACE FUNCTION dtx.forget_branches(xids text[], branches bigint[])
RETURNS SETOF text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $dtx$
BEGIN
  DELETE FROM dtx.undo_row WHERE ctid = ANY (ARRAY(
    SELECT u.ctid FROM unnest(xids, branches) AS t (xid, branch)
    JOIN dtx.undo_row u ON u.branch = t.branch AND u.xid = t.xid
    FOR UPDATE OF u SKIP LOCKED));
  DELETE FROM dtx.branch_fence WHERE ctid = ANY (ARRAY(
    SELECT f.ctid FROM unnest(xids, branches) AS t (xid, branch)
    JOIN dtx.branch_fence f ON f.branch = t.branch AND f.xid = t.xid
    WHERE NOT EXISTS (SELECT FROM dtx.undo_row u WHERE u.branch = t.branch AND u.xid = t.xid)
    FOR UPDATE OF f SKIP LOCKED));
  -- Not two EXISTS with an OR: for that the whole table is read, and what is dead in it.
  RETURN QUERY SELECT json_build_object('xid', busy.xid, 'branch', busy.branch::text)::text FROM (
    SELECT t.xid, t.branch FROM unnest(xids, branches) AS t (xid, branch)
      JOIN dtx.undo_row u ON u.branch = t.branch AND u.xid = t.xid
    UNION
    SELECT t.xid, t.branch FROM unnest(xids, branches) AS t (xid, branch)
      JOIN dtx.branch_fence f ON f.branch = t.branch AND f.xid = t.xid) AS busy;
END
$dtx$`,
};

/** The same for all branches of transactions; their fences lead to them. */
const FORGET_XIDS: SharedFunction = {
  name: 'dtx.forget_xids',
  sql: `CREATE OR REPLACE FUNCTION dtx.forget_xids(xids text[])
RETURNS SETOF text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $dtx$
DECLARE
  found_xids text[];
  found_branches bigint[];
BEGIN
  SELECT array_agg(f.xid), array_agg(f.branch) INTO found_xids, found_branches
    FROM dtx.branch_fence f WHERE f.xid = ANY (xids);
  RETURN QUERY SELECT * FROM dtx.forget_branches(found_xids, found_branches);
END
$dtx$`,
};

export const SHARED_FUNCTIONS: readonly SharedFunction[] = [
  REFUSE_WRITE,
  REFUSE_TRUNCATE,
  ...HOLDER_FUNCTIONS,
  IS_OWN,
  FOLD_CHANGE,
  RECORD_ECHO,
  FORGET_BRANCHES,
  FORGET_XIDS,
];

/** SQL of the condition under which a trigger does anything: inside a branch. */
export const IN_BRANCH = `pg_catalog.current_setting('${TAG_SETTING}', true) <> ''`;

/** SQL of the condition under which a writer is nobody that we know, nor one of our own. */
export const IS_OUTSIDE =
  `coalesce(pg_catalog.current_setting('${TAG_SETTING}', true), '') = '' ` +
  `AND pg_catalog.current_setting('${GUARD_SETTING}', true) IS DISTINCT FROM 'off'`;
