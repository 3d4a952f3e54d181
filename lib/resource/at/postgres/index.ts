import type { AtEngine } from '../at-engine.interface.js';
import type { PostgresEngineOptions } from './postgres-at-engine.js';
import { PostgresAtEngine } from './postgres-at-engine.js';

export { HeldRows, ROW_PLACE } from './held-rows.js';
export { isCaptureNotice } from './explain.js';
export type { PostgresEngineOptions } from './postgres-at-engine.js';

/** AT in a PostgreSQL database. Nothing happens before install(). */
export function createPostgresEngine(options: PostgresEngineOptions): AtEngine {
  return new PostgresAtEngine(options);
}
