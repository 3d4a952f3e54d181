/**
 * Sessions, one row each. Additive: there was nothing before.
 *
 * Rows lie in the order in which they came, so a batch of them writes few pages; only `session_key`
 * is random. Ids are compared as bytes: no locale, no version of one. Text, not json: nobody asks
 * for a part of `branches`, and json would refuse what a branch may well say.
 *
 * The fill factor leaves room for the next version of a row in its own page. A branch joins without
 * touching an index; only a decision and an end, which move the lease, do.
 */
export const SESSIONS: readonly string[] = [
  'CREATE SCHEMA IF NOT EXISTS dtx_coordinator',
  `CREATE TABLE IF NOT EXISTS dtx_coordinator.meta (
  name text COLLATE "C" PRIMARY KEY,
  value text NOT NULL
)`,
  `CREATE TABLE dtx_coordinator.session (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  namespace text COLLATE "C" NOT NULL,
  xid text COLLATE "C" NOT NULL,
  kind text COLLATE "C" NOT NULL,
  name text NOT NULL,
  application_id text NOT NULL,
  status text COLLATE "C" NOT NULL,
  reason text COLLATE "C",
  rollback_only text,
  timeout_ms bigint NOT NULL,
  began_at_ms bigint NOT NULL,
  decided_at_ms bigint,
  ended_at_ms bigint,
  due_at_ms bigint NOT NULL,
  owner text COLLATE "C" NOT NULL,
  epoch bigint NOT NULL,
  lease_until_ms bigint NOT NULL,
  version bigint NOT NULL,
  attention_count integer NOT NULL,
  branches text NOT NULL
) WITH (fillfactor = 70)`,
  'CREATE UNIQUE INDEX session_key ON dtx_coordinator.session (xid, namespace)',
  `CREATE INDEX session_lease ON dtx_coordinator.session (lease_until_ms, id)
  WHERE ended_at_ms IS NULL`,
  `CREATE INDEX session_ended ON dtx_coordinator.session (ended_at_ms, id)
  WHERE ended_at_ms IS NOT NULL`,
  `CREATE INDEX session_attention ON dtx_coordinator.session (began_at_ms, id)
  WHERE ended_at_ms IS NULL AND attention_count > 0`,
  `INSERT INTO dtx_coordinator.meta (name, value) VALUES ('schema_version', '1')
  ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
];
