/**
 * A session is one row, its branches included: registration and decision are conditional writes on
 * it, and what is known of a branch stays known after the end.
 *
 * The rows lie in the order of their ids, so that transactions of the same moment share pages, and
 * a batch of them writes few; so do xids of the same moment in the index `session_key`. Each of the
 * other indexes holds one kind of session alone: claiming, purging and a person's list look at
 * their own only.
 */
export const ONE_ROW = `
CREATE TABLE session_2 (
  id INTEGER PRIMARY KEY,
  namespace TEXT NOT NULL,
  xid TEXT NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  application_id TEXT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT,
  rollback_only TEXT,
  timeout_ms INTEGER NOT NULL,
  began_at_ms INTEGER NOT NULL,
  decided_at_ms INTEGER,
  ended_at_ms INTEGER,
  due_at_ms INTEGER NOT NULL,
  owner TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  lease_until_ms INTEGER NOT NULL,
  version INTEGER NOT NULL,
  attention_count INTEGER NOT NULL,
  branches TEXT NOT NULL
) STRICT;

INSERT INTO session_2 (id, namespace, xid, kind, name, application_id, status, reason,
  rollback_only, timeout_ms, began_at_ms, decided_at_ms, ended_at_ms, due_at_ms, owner, epoch,
  lease_until_ms, version, attention_count, branches)
SELECT id, namespace, xid, kind, name, application_id, status, reason,
  rollback_only, timeout_ms, began_at_ms, iif(status = 'active', NULL, began_at_ms), ended_at_ms,
  due_at_ms, owner, epoch, 9007199254740991, 1,
  (SELECT count(*) FROM branch WHERE session_id = session.id AND status = 'needs-attention'),
  (SELECT json_group_array(json_object('branchId', branch_id, 'seq', seq, 'type', type,
      'resourceId', resource_id, 'applicationId', application_id, 'data', data, 'status', status,
      'pendingSinceMs',
      iif(session.status <> 'active' AND status = 'registered', session.began_at_ms, NULL),
      'attempts', attempts, 'dueAtMs', due_at_ms, 'lastError', last_error))
    FROM (SELECT * FROM branch WHERE session_id = session.id ORDER BY seq))
FROM session;

DROP TABLE branch;
DROP TABLE session;
ALTER TABLE session_2 RENAME TO session;

CREATE UNIQUE INDEX session_key ON session (xid, namespace);
CREATE INDEX session_open ON session (lease_until_ms) WHERE ended_at_ms IS NULL;
CREATE INDEX session_ended ON session (ended_at_ms) WHERE ended_at_ms IS NOT NULL;
CREATE INDEX session_attention ON session (began_at_ms) WHERE attention_count > 0;
`;
