import { META_TABLE, SESSION_TABLE } from '../tables.js';

/**
 * Sessions, and what the database says about itself. MySQL commits with each of these statements,
 * so each may run again.
 *
 * The rows lie in the order of their ids, so that transactions of the same moment share pages; only
 * `session_key` is random. Open sessions have no end, so `session_lease` holds them together in the
 * order in which their leases lapse, and behind them the ended ones in the order of their ends.
 *
 * Texts compare as their characters are, whatever the collation of the database; only a space at
 * their end does not count. An xid has none there, a namespace may, so that is kept as its bytes.
 * Foreign xids may be longer than ours.
 */
export const SESSIONS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS ${META_TABLE} (
  name VARCHAR(64) NOT NULL,
  value VARCHAR(255) NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,

  `CREATE TABLE IF NOT EXISTS ${SESSION_TABLE} (
  id BIGINT NOT NULL AUTO_INCREMENT,
  namespace VARBINARY(512) NOT NULL,
  xid VARCHAR(128) NOT NULL,
  kind VARCHAR(32) NOT NULL,
  name VARCHAR(200) NOT NULL,
  application_id VARCHAR(128) NOT NULL,
  status VARCHAR(32) NOT NULL,
  reason VARCHAR(32),
  rollback_only TEXT,
  timeout_ms BIGINT NOT NULL,
  began_at_ms BIGINT NOT NULL,
  decided_at_ms BIGINT,
  ended_at_ms BIGINT,
  due_at_ms BIGINT NOT NULL,
  owner VARCHAR(128) NOT NULL,
  epoch BIGINT NOT NULL,
  lease_until_ms BIGINT NOT NULL,
  version BIGINT NOT NULL,
  attention_count INT NOT NULL,
  branches LONGTEXT NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY session_key (xid, namespace),
  KEY session_lease (ended_at_ms, lease_until_ms),
  KEY session_attention (attention_count)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,

  `INSERT INTO ${META_TABLE} (name, value) VALUES ('schema_version', '1')
ON DUPLICATE KEY UPDATE value = '1'`,
];
