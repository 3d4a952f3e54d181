import { resolve } from 'node:path';

import { MissingPeerError } from '../../../protocol/index.js';
import type {
  SqliteDatabase,
  SqliteDriver,
  SqliteOpenOptions,
  SqliteStatement,
  SqliteValue,
} from './sqlite-database.interface.js';

/** The part of better-sqlite3 that is used. */
interface BetterSqlite3Database {
  exec(sql: string): unknown;
  prepare(sql: string): {
    run(...values: readonly unknown[]): { changes: number };
    all(...values: readonly unknown[]): unknown[];
  };
  close(): unknown;
}

type BetterSqlite3 = new (file: string, options: { readonly: boolean }) => BetterSqlite3Database;

type Require = (id: string) => unknown;

/** Anything that looks the package up from one place. */
export interface RequireFrom {
  readonly place: string;
  readonly require: Require;
}

/**
 * The driver over better-sqlite3, or undefined where it is not installed.
 *
 * @param from the places to look it up from, in this order
 * @throws MissingPeerError when it is there and cannot be loaded
 */
export async function findBetterSqlite3(
  from: readonly RequireFrom[] = applicationPlaces(),
): Promise<SqliteDriver | undefined> {
  const loaded = from.map(requireFrom).find((found) => found !== undefined) ?? (await importOurs());
  if (loaded === undefined) return undefined;
  const Database = loaded as BetterSqlite3;
  assertBinary(Database);
  return {
    name: 'better-sqlite3',
    open: (file, options) => new BetterSqlite3Adapter(Database, file, options),
  };
}

/**
 * Where the application's own packages are found: next to the program and in the working
 * directory. A place of our own cannot be named here, since this file runs as ESM and as CommonJS.
 */
function applicationPlaces(): RequireFrom[] {
  // Jest replaces what `import` gives by its own loader, which would load the native part anew for
  // each test file; the built-in module is the real one everywhere.
  const modules = process.getBuiltinModule('node:module');
  const places = [resolve(process.cwd(), 'package.json'), process.argv[1] ?? ''];
  return places
    .filter((place) => place !== '')
    .map((place) => ({ place, require: modules.createRequire(resolve(place)) }));
}

function requireFrom({ require }: RequireFrom): unknown {
  const version = versionFrom(require);
  if (version === undefined) return undefined;
  assertRuns(version);
  return require('better-sqlite3');
}

function versionFrom(require: Require): string | undefined {
  try {
    return (require('better-sqlite3/package.json') as { version: string }).version;
  } catch {
    return undefined;
  }
}

/** better-sqlite3 13 ends a process of Node 20 with a segmentation fault instead of an error. */
function assertRuns(version: string): void {
  const nodeMajor = Number.parseInt(process.versions.node, 10);
  if (nodeMajor >= 22 || Number.parseInt(version, 10) < 13) return;
  throw new MissingPeerError(
    'better-sqlite3@12',
    FEATURE,
    `Version ${version} is installed, which needs Node 22 (this is Node ` +
      `${process.versions.node}). ${INSTALL_ADVICE}`,
  );
}

/** The first database loads the native part, so it may be missing where the package is not. */
function assertBinary(Database: BetterSqlite3): void {
  try {
    new Database(':memory:', { readonly: false }).close();
  } catch (error) {
    const advice = `${INSTALL_ADVICE} After a change of Node: npm rebuild better-sqlite3.`;
    throw new MissingPeerError('better-sqlite3', FEATURE, advice, { cause: error });
  }
}

/** The import looks from our own folder, also where the application has no package of its own. */
async function importOurs(): Promise<unknown> {
  try {
    return (await import('better-sqlite3')).default;
  } catch {
    return undefined;
  }
}

/** What the package is for, as the message says it. */
export const FEATURE = 'A coordinator with an SQLite file';

/** What to do when it is missing. */
export const INSTALL_ADVICE =
  'Run "npm install better-sqlite3@12" (without a prebuilt binary for your platform it needs a ' +
  'C++ compiler, Python and make), or use Node 22.13 or later, which brings SQLite along.';

class BetterSqlite3Adapter implements SqliteDatabase {
  readonly #database: BetterSqlite3Database;

  constructor(Database: BetterSqlite3, file: string, options: SqliteOpenOptions = {}) {
    this.#database = new Database(file, { readonly: options.isReadOnly === true });
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  prepare(sql: string): SqliteStatement {
    const statement = this.#database.prepare(sql);
    return {
      run: (...values: SqliteValue[]) => statement.run(...values).changes,
      all: (...values: SqliteValue[]) => statement.all(...values) as Record<string, unknown>[],
    };
  }

  close(): void {
    this.#database.close();
  }
}
