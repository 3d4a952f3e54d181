import type { AtServer } from '../../servers/at-servers.js';
import type { Dialect } from '../work.js';
import { openMariadbPlain, openMariadbWorld } from './mariadb-world.js';
import { openPostgresPlain, openPostgresWorld } from './postgres-world.js';
import { openSqlitePlain, openSqliteWorld } from './sqlite-world.js';
import type { PlainDatabase, Seam, World, WorldOptions } from './world.interface.js';

/** A server of the run, and how to open databases on it. */
export interface Engine {
  readonly title: string;
  readonly dialect: Dialect;
  readonly seams: readonly Seam[];
  open(options: WorldOptions): Promise<World>;
  /** A database that nobody has made ready for AT: what plain work does. */
  openPlain(schema: string): Promise<PlainDatabase>;
}

/** Only a part runs in the tests of everything: see jest.config.mjs. */
export const isWholeSuite = process.env['DTX_AT_ENGINES'] !== undefined;

/** Declares the tests for each server of the run; those of a missing one are skipped. */
export function describeEngines(tests: (engine: Engine) => void): void {
  for (const server of serversOfRun()) {
    const declare = server.isMissing === true ? describe.skip : describe;
    declare(server.title, () => {
      tests(engineOf(server));
    });
  }
}

/** Not in the tests of everything, which have little time. */
export const describeEnginesOfWholeSuite: typeof describeEngines = (tests) => {
  if (isWholeSuite) describeEngines(tests);
  else
    describe.skip('npm run test:at', () => {
      it('has these tests', () => undefined);
    });
};

function serversOfRun(): readonly AtServer[] {
  const text = process.env['DTX_AT_SERVERS'];
  if (text === undefined) throw new Error('DTX_AT_SERVERS is not set: start the tests with Jest.');
  return JSON.parse(text) as readonly AtServer[];
}

function engineOf({ engine, title, url = '' }: AtServer): Engine {
  const { openPlain, openWorld } = OPENERS[engine];
  return {
    title,
    dialect: engine,
    seams: SEAMS[engine],
    open: (options) => openWorld(url, options),
    openPlain: (schema) => openPlain(url, schema),
  };
}

interface Opener {
  readonly openWorld: (url: string, options: WorldOptions) => Promise<World>;
  readonly openPlain: (url: string, schema: string) => Promise<PlainDatabase>;
}

const OPENERS: Readonly<Record<Dialect, Opener>> = {
  postgres: { openWorld: openPostgresWorld, openPlain: openPostgresPlain },
  mariadb: { openWorld: openMariadbWorld, openPlain: openMariadbPlain },
  sqlite: {
    openWorld: (_, options) => openSqliteWorld(options),
    openPlain: (_, schema) => openSqlitePlain(schema),
  },
};

const ALL_SEAMS: readonly Seam[] = ['driver', 'TypeORM 1.x', 'TypeORM 0.3'];

const SEAMS: Readonly<Record<Dialect, readonly Seam[]>> = {
  postgres: ALL_SEAMS,
  mariadb: ALL_SEAMS,
  // Its driver is TypeORM 1.x.
  sqlite: ['driver', 'TypeORM 0.3'],
};
