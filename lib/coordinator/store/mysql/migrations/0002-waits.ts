import { META_TABLE, WAIT_TABLE } from '../tables.js';

/**
 * What the nodes tell each other about long waits, one row each. Additive: the version before it
 * does not look at it. In memory would be enough, but such tables hold no long texts.
 */
export const WAITS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS ${WAIT_TABLE} (
  node VARCHAR(128) NOT NULL,
  waits LONGTEXT NOT NULL,
  until_ms BIGINT NOT NULL,
  PRIMARY KEY (node)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,

  `UPDATE ${META_TABLE} SET value = '2' WHERE name = 'schema_version'`,
];
