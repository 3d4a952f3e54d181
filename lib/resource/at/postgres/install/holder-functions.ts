import {
  GUARDED_STATE,
  KEY_SEPARATOR,
  LOCK_CONFLICT_STATE,
  RELEASED_SETTING,
  TAG_SETTING,
} from '../agreement.js';
import { literal } from '../sql-text.js';

/** A function that all tables share. */
export interface SharedFunction {
  readonly name: string;
  readonly sql: string;
}

/** Who has no tag is not asked to wait for anybody: it could not know for how long. */
const RAISE_HELD: SharedFunction = {
  name: 'dtx.raise_held',
  sql: `CREATE OR REPLACE FUNCTION dtx.raise_held(held_tbl text, held_key text, holder text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  origin text := json_build_object('table', held_tbl, 'key', held_key, 'holder', holder)::text;
BEGIN
  IF coalesce(current_setting('${TAG_SETTING}', true), '') = '' THEN
    RAISE EXCEPTION USING ERRCODE = '${GUARDED_STATE}', DETAIL = origin,
      MESSAGE = format('row %s of %s is held by global transaction %s, which is not decided yet',
        held_key, held_tbl, holder),
      HINT = 'Try again later, or make the writer part of a global transaction.';
  END IF;
  RAISE EXCEPTION USING ERRCODE = '${LOCK_CONFLICT_STATE}', DETAIL = origin,
    MESSAGE = format('row %s of %s is locked by global transaction %s', held_key, held_tbl, holder);
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
  IF holder IS DISTINCT FROM own_xid THEN
    PERFORM dtx.raise_held(changed_tbl, changed_key, holder);
  END IF;
END
$dtx$`,
};

/**
 * Finds undo rows that cannot be seen: those that are younger than the snapshot fail it with a
 * serialization failure, and those that are not committed yet are waited for. What it writes is
 * gone again before anybody can see it.
 */
const PROBE: SharedFunction = {
  name: 'dtx.probe',
  sql: `CREATE OR REPLACE FUNCTION dtx.probe(held_tbl text, held_key text, own_xid text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
BEGIN
  INSERT INTO dtx.undo_row (tbl, pk, xid, branch, shape) VALUES (held_tbl, held_key, own_xid, 0, 0)
  ON CONFLICT (tbl, pk) DO UPDATE SET shape = 0 WHERE false;
  IF FOUND THEN
    DELETE FROM dtx.undo_row WHERE tbl = held_tbl AND pk = held_key;
  ELSE
    PERFORM dtx.assert_held(held_tbl, held_key, own_xid);
  END IF;
END
$dtx$`,
};

/** For writers that record nothing: raises when anybody holds it. */
const ASSERT_FREE: SharedFunction = {
  name: 'dtx.assert_free',
  sql: `CREATE OR REPLACE FUNCTION dtx.assert_free(held_tbl text, held_key text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  holder text;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    PERFORM dtx.probe(held_tbl, held_key, '');
    RETURN;
  END IF;
  SELECT u.xid INTO holder FROM dtx.undo_row u WHERE u.tbl = held_tbl AND u.pk = held_key;
  IF FOUND THEN
    PERFORM dtx.raise_held(held_tbl, held_key, holder);
  END IF;
END
$dtx$`,
};

/**
 * Raises when a parent that a child now refers to is another transaction's: it may have to go
 * again. The undo row of a row that was there before does not count, since that row stays; those
 * that are locks have no images. A parent that is not found may be on its way.
 */
const ASSERT_SETTLED: SharedFunction = {
  name: 'dtx.assert_settled',
  sql: `CREATE OR REPLACE FUNCTION dtx.assert_settled(parent_tbl text, parent_key text,
  own_xid text, is_found boolean)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  holder text;
BEGIN
  SELECT u.xid INTO holder FROM dtx.undo_row u
  WHERE u.tbl = parent_tbl AND u.pk = parent_key AND u.before IS NULL AND u.xid <> own_xid;
  IF FOUND THEN
    PERFORM dtx.raise_held(parent_tbl, parent_key, holder);
  END IF;
  IF NOT is_found THEN
    PERFORM dtx.probe(parent_tbl, parent_key, own_xid);
  END IF;
END
$dtx$`,
};

/** The key of a lock that a child has left begins with the key of the parent. */
const ASSERT_UNREFERRED: SharedFunction = {
  name: 'dtx.assert_unreferred',
  sql: `CREATE OR REPLACE FUNCTION dtx.assert_unreferred(child_tbl text, parent_key text,
  own_xid text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  first_key text := parent_key || ${literal(KEY_SEPARATOR)};
  -- The next text that does not begin so, byte by byte.
  end_key text := left(first_key, -1) || chr(ascii(right(first_key, 1)) + 1);
  held record;
BEGIN
  SELECT u.pk, u.xid INTO held FROM dtx.undo_row u
  WHERE u.tbl = child_tbl AND u.pk >= first_key AND u.pk < end_key AND u.xid <> own_xid LIMIT 1;
  IF FOUND THEN
    PERFORM dtx.raise_held(child_tbl, held.pk, held.xid);
  END IF;
END
$dtx$`,
};

/**
 * Takes the row over from a holder whose commit is decided, if it is the one that was waited for:
 * what else it holds, the same local transaction may meet in its next statement, where it could not
 * wait any more. Behind the lock of the business row, like everything that touches an undo row: the
 * other way round, two writers of one row would wait for each other.
 */
const TAKE_OVER: SharedFunction = {
  name: 'dtx.take_over',
  sql: `CREATE OR REPLACE FUNCTION dtx.take_over(changed_tbl text, old_key text, new_key text)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $dtx$
DECLARE
  holder text := current_setting('${RELEASED_SETTING}');
BEGIN
  DELETE FROM dtx.undo_row u WHERE u.tbl = changed_tbl AND u.pk = old_key AND u.xid = holder;
  IF new_key IS DISTINCT FROM old_key THEN
    DELETE FROM dtx.undo_row u WHERE u.tbl = changed_tbl AND u.pk = new_key AND u.xid = holder;
  END IF;
END
$dtx$`,
};

/** What finds, and tells, who holds something. */
export const HOLDER_FUNCTIONS: readonly SharedFunction[] = [
  RAISE_HELD,
  ASSERT_HELD,
  PROBE,
  ASSERT_FREE,
  ASSERT_SETTLED,
  ASSERT_UNREFERRED,
  TAKE_OVER,
];
