import type { AtEngine } from '../at-engine.interface.js';
import { BRANCH, RELEASED, TAG } from './agreement.js';
import type { MysqlEngineOptions } from './mysql-at-engine.js';
import { MysqlAtEngine } from './mysql-at-engine.js';
import type { HeldRows } from './held-rows.js';

export type { HeldRows, HoldableTable } from './held-rows.js';
export type { MysqlEngineOptions } from './mysql-at-engine.js';

/**
 * The assignments that take the mark of a local transaction off its connection, for a SET, and with
 * it what was said of holders: that may have been said before their decision.
 */
export const CLEAR_TAG = `${TAG} = NULL, ${BRANCH} = NULL, ${RELEASED} = NULL`;

/** AT in a MariaDB or MySQL database. Nothing happens before install(). */
export function createMysqlEngine(options: MysqlEngineOptions): AtEngine {
  return new MysqlAtEngine(options);
}

/** Who holds rows of the engine's database. */
export function heldRowsOf(engine: AtEngine): HeldRows {
  if (engine instanceof MysqlAtEngine) return engine.heldRows;
  throw new TypeError('the engine is not one of MariaDB or MySQL');
}
