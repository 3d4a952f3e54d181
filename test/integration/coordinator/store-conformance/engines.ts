import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import { MemorySessionStore } from '../../../../lib/coordinator/store/memory/index.js';
import { openMysqlStore } from '../../../../lib/coordinator/store/mysql/index.js';
import { openPostgresStore } from '../../../../lib/coordinator/store/postgres/index.js';
import { findSqliteDriver } from '../../../../lib/coordinator/store/sqlite/find-driver.js';
import { openSqliteStore } from '../../../../lib/coordinator/store/sqlite/index.js';
import { createTestDatabase } from '../../../servers/test-database.js';
import { createTestMariadb, hasMariadb } from '../../../servers/test-mariadb.js';

/** A machine that is busy with other suites must not turn an answer into `unknown`. */
const TIMEOUT_MS = 20_000;

/** One engine, for one test file. */
export interface EngineUnderTest {
  /** A store without records. Those of the test before are closed or empty now. */
  empty(): Promise<SessionStore>;
  /** The store of another node on the same records, where the engine has such a thing. */
  another(): Promise<SessionStore>;
  /** The records after a restart: all stores are closed before. */
  reopened(): Promise<SessionStore>;
  /** From now on nothing can be read or written, until the returned function is called. */
  outage(): Promise<() => Promise<void>>;
  /** Closes the stores and removes the place. */
  close(): Promise<void>;
}

export interface EngineEntry {
  readonly engine: string;
  /** Whether several nodes may use it. */
  readonly isShared: boolean;
  /** Whether a record is written down in words, which another version may not know. */
  readonly hasWords?: boolean;
  create(): Promise<EngineUnderTest>;
}

/** Every engine must pass every test of this folder. */
export const ENGINES: readonly EngineEntry[] = [
  { engine: 'memory', isShared: true, hasWords: false, create: createMemory },
  { engine: 'SQLite', isShared: false, create: createSqlite },
  { engine: 'PostgreSQL', isShared: true, create: createPostgres },
  // The start of the test run says aloud when there is no server.
  ...(hasMariadb() ? [{ engine: 'MariaDB', isShared: true, create: createMariadb }] : []),
];

async function createMemory(): Promise<EngineUnderTest> {
  let store = new MemorySessionStore();
  return {
    empty: async () => (store = new MemorySessionStore({ isShared: true })),
    another: async () => store,
    reopened: async () => store,
    outage: () => Promise.reject(new Error('memory does not fail')),
    close: async () => undefined,
  };
}

async function createSqlite(): Promise<EngineUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'dtx-conformance-'));
  const file = join(folder, 'coordinator.db');
  let store = await openSqliteStore(file);
  // A further connection is a visitor, as that of a person who looks into the file.
  const visitor = (await findSqliteDriver()).open(file);
  return {
    async empty() {
      visitor.exec('DELETE FROM session');
      return store;
    },
    another: () => Promise.reject(new Error('one process owns the file')),
    async reopened() {
      await store.close();
      return (store = await openSqliteStore(file));
    },
    outage: () =>
      renamed((sql) => {
        visitor.exec(sql);
      }, 'session'),
    async close() {
      visitor.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function createPostgres(): Promise<EngineUnderTest> {
  const database = await createTestDatabase();
  const plain = database.pool();
  return overServer({
    open: () => openPostgresStore({ url: database.url, timeoutMs: TIMEOUT_MS }),
    // Quicker than TRUNCATE for as few as these.
    clear: () => plain.query('DELETE FROM dtx_coordinator.session'),
    outage: () => renamed((sql) => plain.query(sql), 'dtx_coordinator.session'),
    drop: () => database.drop(),
  });
}

async function createMariadb(): Promise<EngineUnderTest> {
  const database = await createTestMariadb();
  const plain = database.pool();
  return overServer({
    open: () => openMysqlStore({ url: database.url, timeoutMs: TIMEOUT_MS }),
    // Few rows: TRUNCATE would make the table anew.
    clear: () => plain.query('DELETE FROM dtx_coordinator_session'),
    outage: () => renamed((sql) => plain.query(sql), 'dtx_coordinator_session'),
    drop: () => database.drop(),
  });
}

/** What differs between the database servers. */
interface ServerPlace {
  open(): Promise<SessionStore>;
  /** Removes all records; there are tables already. */
  clear(): Promise<unknown>;
  outage(): Promise<() => Promise<void>>;
  drop(): Promise<void>;
}

/** Hides the table from whoever has it open. */
async function renamed(
  send: (sql: string) => unknown,
  table: string,
): Promise<() => Promise<void>> {
  const schema = table.includes('.') ? table.slice(0, table.indexOf('.') + 1) : '';
  await send(`ALTER TABLE ${table} RENAME TO session_away`);
  return async () => {
    await send(`ALTER TABLE ${schema}session_away RENAME TO ${table.slice(schema.length)}`);
  };
}

/** A store of a server stays open from test to test: connecting costs more than the test. */
export async function overServer(place: ServerPlace): Promise<EngineUnderTest> {
  const { clear, drop, open, outage } = place;
  let store = await open();
  let others: SessionStore[] = [];
  const closeOthers = async (): Promise<void> => {
    for (const other of others) await other.close();
    others = [];
  };
  return {
    async empty() {
      await closeOthers();
      await clear();
      return store;
    },
    async another() {
      const other = await open();
      others.push(other);
      return other;
    },
    async reopened() {
      await closeOthers();
      await store.close();
      store = await open();
      return store;
    },
    outage,
    async close() {
      await closeOthers();
      await store.close();
      await drop();
    },
  };
}
