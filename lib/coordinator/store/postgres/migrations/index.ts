import { SESSIONS } from './0001-sessions.js';
import { WAITS } from './0002-waits.js';

/** In their order; the place in the list is the schema version that a migration leads to. */
export const MIGRATIONS: readonly (readonly string[])[] = [SESSIONS, WAITS];
