import type { AtBenchEngine, AtBenchSetup } from './at-engine.interface.js';
import { openMariadbEngine } from './mariadb.engine.js';
import { openPostgresEngine } from './postgres.engine.js';
import { openSqliteEngine } from './sqlite.engine.js';

export type { AtBenchEngine, RoundTrips, RowRange, Through } from './at-engine.interface.js';

/** How to open what `--engine` names. */
export const AT_ENGINES: Readonly<Record<string, (setup: AtBenchSetup) => Promise<AtBenchEngine>>> =
  {
    postgres: openPostgresEngine,
    mariadb: openMariadbEngine,
    sqlite: openSqliteEngine,
  };
