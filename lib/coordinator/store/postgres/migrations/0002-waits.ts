/**
 * What the nodes tell each other about long waits, one row each. Additive: the version before it
 * does not look at it. Nothing in it has to survive a crash, so it is not logged.
 */
export const WAITS: readonly string[] = [
  `CREATE UNLOGGED TABLE IF NOT EXISTS dtx_coordinator.wait_board (
  node text COLLATE "C" PRIMARY KEY,
  waits text NOT NULL,
  until_ms bigint NOT NULL
) WITH (fillfactor = 50)`,
  `UPDATE dtx_coordinator.meta SET value = '2' WHERE name = 'schema_version'`,
];
