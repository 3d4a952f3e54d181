import { SESSIONS } from './0001-sessions.js';

/** In their order; the place in the list is the schema version that a migration leads to. */
export const MIGRATIONS: readonly (readonly string[])[] = [SESSIONS];
