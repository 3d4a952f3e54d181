/** There are no schemas within a database, hence the prefix. */
export const SESSION_TABLE = 'dtx_coordinator_session';

/** What the nodes tell each other about long waits. */
export const WAIT_TABLE = 'dtx_coordinator_wait_board';

/** The schema version, in the row `schema_version`. */
export const META_TABLE = 'dtx_coordinator_meta';
