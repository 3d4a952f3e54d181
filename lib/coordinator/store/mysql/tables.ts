/** There are no schemas within a database, hence the prefix. */
export const SESSION_TABLE = 'dtx_coordinator_session';

/** The schema version, in the row `schema_version`. */
export const META_TABLE = 'dtx_coordinator_meta';
