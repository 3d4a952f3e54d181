/**
 * Sessions and branches. `lease_until_ms` is empty as long as one process owns the file.
 *
 * The rows of a table lie in the order of their ids, so that transactions of the same moment share
 * pages, and a batch of them writes few; only `session_key` is random. The two partial indexes hold
 * open and ended sessions apart: recovery and purge look at their own only.
 */
export const SESSIONS = `
CREATE TABLE session (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL,
  xid TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  application_id TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status IN ('active', 'committing', 'committed', 'rolling-back', 'rolled-back')),
  reason TEXT,
  rollback_only TEXT,
  timeout_ms INTEGER NOT NULL,
  began_at_ms INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  lease_until_ms INTEGER,
  ended_at_ms INTEGER
) STRICT;
CREATE UNIQUE INDEX session_key ON session (xid, namespace);
CREATE INDEX session_open ON session (due_at_ms) WHERE ended_at_ms IS NULL;
CREATE INDEX session_ended ON session (ended_at_ms) WHERE ended_at_ms IS NOT NULL;

CREATE TABLE branch (
  session_id INTEGER NOT NULL,
  branch_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  application_id TEXT NOT NULL,
  data TEXT,
  status TEXT NOT NULL
    CHECK (status IN ('registered', 'abandoned', 'done', 'needs-attention')),
  attempts INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  last_error TEXT,
  PRIMARY KEY (session_id, branch_id)
) STRICT, WITHOUT ROWID;
`;
