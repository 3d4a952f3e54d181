import type { Engine, EngineName } from './engine.interface.js';
import { mariadbEngine } from './mariadb.engine.js';
import { postgresEngine } from './postgres.engine.js';
import { sqliteEngine } from './sqlite.engine.js';

export { ENGINES } from './engine.interface.js';
export type { Engine, EngineName, RecordWriter } from './engine.interface.js';

const OPEN: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  sqlite: sqliteEngine,
  postgres: postgresEngine,
  mariadb: mariadbEngine,
};

/** Runs the work beside an engine, whose server and data are gone behind it, also on Ctrl-C. */
export async function withEngine<T>(
  name: EngineName,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await OPEN[name]();
  const end = (): void => {
    void engine.close().finally(() => process.exit(1));
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    return await work(engine);
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
    await engine.close();
  }
}
