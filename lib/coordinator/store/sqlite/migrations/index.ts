import { SESSIONS } from './0001-sessions.js';
import { ONE_ROW } from './0002-one-row.js';

/** In their order; the place in the list is the schema version that a migration leads to. */
export const MIGRATIONS: readonly string[] = [SESSIONS, ONE_ROW];
