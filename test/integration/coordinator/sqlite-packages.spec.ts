import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { findBetterSqlite3 } from '../../../lib/coordinator/store/sqlite/better-sqlite3.driver.js';
import type { RequireFrom } from '../../../lib/coordinator/store/sqlite/better-sqlite3.driver.js';
import { findNodeSqlite } from '../../../lib/coordinator/store/sqlite/node-sqlite.driver.js';
import { Program } from './support/program.js';
import { testFolder } from './support/test-folder.js';

const INSTALLED = `${process.cwd()}/node_modules/better-sqlite3`;
const NODE_MAJOR = Number.parseInt(process.versions.node, 10);
/** Newer versions of Node do without the package, and it may be built for an older one. */
const itOnOldNode = NODE_MAJOR < 22 ? it : it.skip;

/** A place at which the package is a file that the test has written. */
function packageSaying(version: string, load: () => unknown): RequireFrom {
  return {
    place: 'app',
    require: (id) => (id === 'better-sqlite3/package.json' ? { version } : load()),
  };
}

describe('SQLite', () => {
  const folder = testFolder();

  it('comes from the runtime where it has it', () => {
    const driver = findNodeSqlite();

    expect(driver?.name).toBe(NODE_MAJOR >= 22 ? 'node:sqlite' : undefined);
  });

  itOnOldNode('comes from the better-sqlite3 of the application otherwise', async () => {
    mkdirSync(folder.path('app/node_modules'), { recursive: true });
    symlinkSync(INSTALLED, folder.path('app/node_modules/better-sqlite3'));
    const place = folder.path('app/main.js');

    const driver = await findBetterSqlite3([{ place, require: createRequire(place) }]);

    expect(driver?.name).toBe('better-sqlite3');
    const database = driver!.open(folder.path('file.db'));
    database.exec('CREATE TABLE t (a TEXT)');
    expect(database.prepare('INSERT INTO t VALUES (?)').run('x')).toBe(1);
    expect(database.prepare('SELECT a FROM t').all()).toEqual([{ a: 'x' }]);
    database.close();
  });

  it('that is installed, but not built, is answered with what it needs', async () => {
    const Broken = function (): void {
      throw new Error('Could not locate the bindings file');
    };

    const found = findBetterSqlite3([packageSaying('12.11.1', () => Broken)]);

    await expect(found).rejects.toMatchObject({
      code: 'DTX_ERR_CONFIG_MISSING_PEER',
      peer: 'better-sqlite3',
      message: expect.stringMatching(
        /npm install better-sqlite3@12.*C\+\+ compiler.*npm rebuild better-sqlite3/,
      ) as string,
      cause: { message: 'Could not locate the bindings file' },
    });
  });

  it('of a version that would crash this Node is not loaded', async () => {
    let isLoaded = false;
    const load = (): unknown => {
      isLoaded = true;
      throw new Error('loaded');
    };

    const found = findBetterSqlite3([packageSaying('13.2.0', load)]);

    await expect(found).rejects.toThrow(
      NODE_MAJOR < 22 ? 'Version 13.2.0 is installed, which needs Node 22' : 'loaded',
    );
    expect(isLoaded).toBe(NODE_MAJOR >= 22);
  });

  it('that is nowhere ends the start with the command that installs it', async () => {
    // A process from which both are hidden.
    writeFileSync(
      folder.path('find.cjs'),
      `require(${JSON.stringify(`${process.cwd()}/scripts/load-typescript.cjs`)});
       const Module = require('node:module');
       const load = Module._load;
       Module._load = (id, ...rest) => {
         if (/^better-sqlite3/.test(id)) throw new Error('Cannot find module ' + id);
         return load(id, ...rest);
       };
       process.getBuiltinModule = ((real) => (id) => (id === 'node:sqlite' ? undefined : real(id)))(
         process.getBuiltinModule,
       );
       require(${JSON.stringify(
         `${process.cwd()}/lib/coordinator/store/sqlite/find-driver.ts`,
       )}).findSqliteDriver().then(
         (driver) => console.log('found', driver.name),
         (error) => console.log(error.message),
       );`,
    );
    const program = new Program(folder.path('find.cjs'), []);

    const message = await program.line();

    expect(message).toBe(
      '[DTX_ERR_CONFIG_MISSING_PEER] A coordinator with an SQLite file needs the package ' +
        '"better-sqlite3", which could not be loaded. Run "npm install better-sqlite3@12" ' +
        '(without a prebuilt binary for your platform it needs a C++ compiler, Python and make), ' +
        'or use Node 22.13 or later, which brings SQLite along.',
    );
  });
});
