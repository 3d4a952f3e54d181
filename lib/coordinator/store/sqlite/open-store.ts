import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import {
  DtxError,
  StoreInUseError,
  StoreUnavailableError,
  messageOf,
} from '../../../protocol/index.js';
import { findSqliteDriver } from './find-driver.js';
import { readMeta, writeMeta } from './meta.js';
import type { SessionStore } from '../session-store.interface.js';
import { assertSchema, migrate } from './migrate.js';
import type { SqliteDatabase, SqliteDriver } from './sqlite-database.interface.js';
import { SqliteSessionStore } from './sqlite-session.store.js';
import { takeStoreLock } from './store-lock.js';
import type { WalFile } from './wal-file.js';
import { NO_WAL_FILE, walFileOf } from './wal-file.js';

/** A database that is gone when it is closed. */
const MEMORY = ':memory:';

/** After so many pages the log is copied into the file, and written from its start again. */
const LOG_PAGES = 2_000;

/** The log with its largest last batch; a frame is a page with its header. */
const LOG_BYTES = (LOG_PAGES + 500) * (4_096 + 24);

/**
 * WAL lets other programs read meanwhile. Under NORMAL a commit does not wait for the disk: the
 * store waits itself, outside this thread, before it answers (see WalFile). The wait for a foreign
 * writer blocks this thread, hence it is short.
 */
const PRAGMAS = `
PRAGMA busy_timeout = 250;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -16000;
PRAGMA wal_autocheckpoint = ${String(LOG_PAGES)};
PRAGMA journal_size_limit = 67108864;
`;

/**
 * Opens a coordinator file, creates it where there is none, and owns it until it is closed.
 *
 * @throws MissingPeerError when this process has no SQLite
 * @throws StoreInUseError when another process owns the file
 * @throws SchemaTooNewError when a newer version has written it
 * @throws StoreUnavailableError when it cannot be created, read or written
 */
export async function openSqliteStore(file: string): Promise<SqliteSessionStore> {
  const driver = await findSqliteDriver();
  try {
    return file === MEMORY ? openInMemory(driver) : openFile(driver, file);
  } catch (error) {
    if (error instanceof DtxError) throw error;
    throw new StoreUnavailableError(file, messageOf(error), { cause: error });
  }
}

/**
 * One name for all names of a file, so that two applications of a process find each other. Creates
 * the folder.
 *
 * @throws StoreUnavailableError when the folder cannot be created
 */
export function canonicalStorePath(file: string): string {
  const path = resolve(file);
  try {
    mkdirSync(dirname(path), { recursive: true });
    return realpathIfThere(path) ?? join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw new StoreUnavailableError(file, messageOf(error), { cause: error });
  }
}

function realpathIfThere(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function openInMemory(driver: SqliteDriver): SqliteSessionStore {
  const database = driver.open(MEMORY);
  migrate(database, MEMORY);
  const connection = {
    place: MEMORY,
    isShared: false,
    open: () => database,
    canReopen: false,
    wal: NO_WAL_FILE,
    release: () => undefined,
  };
  return new SqliteSessionStore(connection, database);
}

function openFile(driver: SqliteDriver, file: string): SqliteSessionStore {
  const path = canonicalStorePath(file);
  const lock = takeStoreLock(driver, path);
  if (lock === undefined) throw new StoreInUseError(path, describeOwner(driver, path));
  const open = (): SqliteDatabase => connect(driver, path);
  let database: SqliteDatabase | undefined;
  try {
    database = open();
    migrate(database, path);
    signOwner(database);
    const release = (): void => {
      lock.release();
    };
    const wal = walFileOf(path);
    reserveLog(database, wal);
    return new SqliteSessionStore(
      { place: path, isShared: false, open, canReopen: true, wal, release },
      database,
    );
  } catch (error) {
    database?.close();
    lock.release();
    throw error;
  }
}

/**
 * Opens a coordinator file for a visitor, also while another process owns it: both write under the
 * condition that nobody else has. Every commit waits for the disk itself.
 *
 * @throws StoreUnavailableError there is no such file, or it is none of ours
 * @throws SchemaTooNewError, SchemaTooOldError
 */
export async function visitSqliteStore(file: string): Promise<SessionStore> {
  if (!existsSync(file)) throw new StoreUnavailableError(file, 'there is no such file');
  const driver = await findSqliteDriver();
  const open = (): SqliteDatabase => {
    const database = connect(driver, file);
    database.exec('PRAGMA synchronous = FULL');
    return database;
  };
  let database: SqliteDatabase | undefined;
  try {
    assertOurs(driver, file);
    database = open();
    return new SqliteSessionStore(
      {
        place: file,
        isShared: true,
        open,
        canReopen: true,
        wal: NO_WAL_FILE,
        release: () => undefined,
      },
      database,
    );
  } catch (error) {
    database?.close();
    if (error instanceof DtxError) throw error;
    throw new StoreUnavailableError(file, messageOf(error), { cause: error });
  }
}

/** Without writing to it: somebody else's database stays as it is, its journal mode too. */
function assertOurs(driver: SqliteDriver, file: string): void {
  const reader = driver.open(file, { isReadOnly: true });
  try {
    assertSchema(reader, file);
  } finally {
    reader.close();
  }
}

/** A connection as the store needs it. */
export function connect(driver: SqliteDriver, path: string): SqliteDatabase {
  const database = driver.open(path);
  try {
    database.exec(PRAGMAS);
    const [mode] = database.prepare('PRAGMA journal_mode').all();
    // Durability rests on the log beside the file, and some network file systems cannot have one.
    if (mode?.['journal_mode'] !== 'wal') throw new Error('its file system has no shared memory');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Gives the log its full length before it is needed. Where it grows with each batch, the disk has
 * to write down its length as well: that takes several times as long, and holds up whoever else
 * syncs on the same disk, such as the business databases. SQLite does not mind what stands behind
 * its last frame, since the frames of the round before stand there, too.
 */
function reserveLog(database: SqliteDatabase, wal: WalFile): void {
  // Whoever holds this lock is the only one to add to the log.
  database.exec('BEGIN IMMEDIATE');
  try {
    wal.reserve(LOG_BYTES);
  } finally {
    database.exec('ROLLBACK');
  }
}

/** Whoever finds the file in use wants to know by whom. */
function signOwner(database: SqliteDatabase): void {
  const startedAt = new Date(Date.now() - process.uptime() * 1000).toISOString();
  writeMeta(database, 'owner_pid', String(process.pid));
  writeMeta(database, 'owner_started_at', startedAt);
}

function describeOwner(driver: SqliteDriver, path: string): string {
  try {
    const database = driver.open(path, { isReadOnly: true });
    const pid = readMeta(database, 'owner_pid');
    const startedAt = readMeta(database, 'owner_started_at');
    database.close();
    if (pid === String(process.pid)) return `another thread or module loader of this process`;
    return pid === undefined ? 'another process' : `process ${pid}, started at ${startedAt ?? '?'}`;
  } catch {
    return 'another process';
  }
}
