import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';

import type { Command, Session, SessionChange } from '../../../lib/coordinator/core/index.js';
import { decide } from '../../../lib/coordinator/core/index.js';
import type { SessionStore } from '../../../lib/coordinator/index.js';
import { openCoordinator, openSqliteStore } from '../../../lib/coordinator/index.js';
import { findSqliteDriver } from '../../../lib/coordinator/store/sqlite/find-driver.js';
import type {
  SqliteDatabase,
  SqliteStatement,
} from '../../../lib/coordinator/store/sqlite/sqlite-database.interface.js';
import { visitSqliteStore } from '../../../lib/coordinator/store/sqlite/open-store.js';
import type { WalFile } from '../../../lib/coordinator/store/sqlite/wal-file.js';
import { NO_WAL_FILE, walFileOf } from '../../../lib/coordinator/store/sqlite/wal-file.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { until } from '../../support/until.js';
import {
  COMMANDS,
  outcome,
  register as registerCommand,
  turn,
} from '../../unit/coordinator/sessions.js';
import { begin, register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { sqliteUnderTest } from './support/sqlite-under-test.js';
import { testFolder } from './support/test-folder.js';

const changeOf = (before: Session | undefined, command: Command): SessionChange =>
  decide(before, command, turn()).change!;

const BEGIN = changeOf(undefined, COMMANDS.begin);
const ACTIVE = BEGIN.after;
const ADD = changeOf(ACTIVE, registerCommand('7'));
const COMMIT = changeOf(ADD.after, COMMANDS.commit);

const XID = ACTIVE.xid;
const KEY = { namespace: 'default', xid: XID };

const beginOf = (change: Partial<Session>): SessionChange => ({
  ...BEGIN,
  after: { ...ACTIVE, ...change },
});

async function loadOne(store: SessionStore, xid = XID): Promise<Session | undefined> {
  const [found] = await store.load([{ ...KEY, xid }]);
  return found;
}

const kinds = (answers: readonly { kind: string }[]): string[] => answers.map(({ kind }) => kind);

describe('The SQLite store', () => {
  const folder = testFolder();
  let store: SessionStore;

  beforeEach(async () => {
    store = await openSqliteStore(folder.path('coordinator.db'));
  });

  afterEach(async () => {
    await store.close();
  });

  it('gives back what was written, after it was opened again', async () => {
    const added = changeOf(ACTIVE, registerCommand('9223372036854775807', { data: 'opaque' }));
    const marked = changeOf(added.after, COMMANDS['set rollback-only']);
    const decided = changeOf(marked.after, COMMANDS.commit);
    const failed = changeOf(decided.after, outcome('retry', '9223372036854775807'));
    await store.apply([BEGIN, added, marked, decided, failed]);
    await store.close();
    store = await openSqliteStore(folder.path('coordinator.db'));

    expect(await loadOne(store)).toEqual(failed.after);
  });

  it('writes on where it was when it was opened again', async () => {
    await store.apply([BEGIN]);
    await store.close();
    store = await openSqliteStore(folder.path('coordinator.db'));
    await store.load([KEY]);

    const answers = await store.apply([beginOf({ xid: 'next' }), ADD]);

    expect(kinds(answers)).toEqual(['done', 'done']);
    const listed = await store.list({ which: 'open', countMax: 10 });
    expect(listed.map(({ xid }) => xid)).toEqual([XID, 'next']);
  });

  it('does not let one poisoned command harm the others of its batch', async () => {
    const poisoned = beginOf({ xid: 'poisoned', name: null as unknown as string });
    const healthy = beginOf({ xid: 'healthy' });

    const answers = await store.apply([BEGIN, poisoned, healthy]);

    expect(kinds(answers)).toEqual(['done', 'failed', 'done']);
    expect(answers[1]).toMatchObject({
      error: { message: expect.stringContaining('NOT NULL') as string },
    });
    expect(await loadOne(store, 'healthy')).toEqual(healthy.after);
    expect(await loadOne(store, 'poisoned')).toBeUndefined();
  });

  it('can be read by other programs meanwhile', async () => {
    await store.apply([BEGIN]);
    const driver = await findSqliteDriver();
    const shell = driver.open(folder.path('coordinator.db'), { isReadOnly: true });

    const rows = shell.prepare('SELECT xid, status FROM session').all();

    expect(rows.map((row) => ({ ...row }))).toEqual([{ xid: XID, status: 'active' }]);
    shell.close();
  });

  it('gives its log the full length before it is needed, so that a sync need not', async () => {
    const { size } = statSync(folder.path('coordinator.db-wal'));

    expect(size).toBeGreaterThan(10_000_000);
  });

  it('leaves the wait for the disk to the log file, as its mode allows', async () => {
    const { database, store: opened } = await sqliteUnderTest(folder.path('other.db'));
    const [journal] = database.prepare('PRAGMA journal_mode').all();
    const [synchronous] = database.prepare('PRAGMA synchronous').all();

    expect([journal?.['journal_mode'], synchronous?.['synchronous']]).toEqual(['wal', 1]);
    await opened.close();
  });

  it('says that something is written, or reads it, only when the disk has it', async () => {
    const disk = new SlowDisk();
    const { store: opened } = await sqliteUnderTest(folder.path('other.db'), undefined, disk);
    const told: string[] = [];

    const writing = opened.apply([BEGIN]).then(() => told.push('written'));
    const reading = opened.load([KEY]).then(() => told.push('read'));
    await until(() => disk.isAsked);
    const toldBefore = [...told];
    disk.isDone();
    await Promise.all([writing, reading]);

    expect(toldBefore).toEqual([]);
    expect(told.sort()).toEqual(['read', 'written']);
    await opened.close();
  });

  it('calls everything unknown that the disk did not confirm', async () => {
    const wal = { ...NO_WAL_FILE, sync: () => Promise.reject(new Error('EIO')) };
    const { store: opened } = await sqliteUnderTest(folder.path('other.db'), undefined, wal);

    const answers = await opened.apply([BEGIN]);

    expect(kinds(answers)).toEqual(['unknown']);
    await opened.close();
  });

  it('trusts a log whose sync has failed only after all of it was written anew', async () => {
    const file = folder.path('other.db');
    const { store: opened } = await sqliteUnderTest(file, undefined, failingOnce(file));
    const shell = (await findSqliteDriver()).open(file, { isReadOnly: true });
    await opened.apply([BEGIN]);
    shell.exec('BEGIN');
    shell.prepare('SELECT * FROM session').all();

    await expect(opened.load([KEY])).rejects.toThrow(
      'its log cannot be emptied while another program reads the file',
    );

    shell.close();
    expect((await loadOne(opened))?.status).toBe('active');
    expect(statSync(`${file}-wal`).size).toBe(0);
    expect(kinds(await opened.apply([ADD]))).toEqual(['done']);
    await opened.close();
  });
});

/** A log file whose first sync fails. */
function failingOnce(file: string): WalFile {
  const real = walFileOf(file);
  let failures = 1;
  return {
    ...real,
    sync: () => (failures-- > 0 ? Promise.reject(new Error('EIO')) : real.sync()),
  };
}

/** A log file whose sync ends when the test says so. */
class SlowDisk implements WalFile {
  isAsked = false;
  isDone = (): void => undefined;

  sync(): Promise<void> {
    this.isAsked = true;
    return new Promise((resolve) => (this.isDone = resolve));
  }

  reserve(): void {
    // It is as long as it has to be.
  }

  close(): void {
    this.isDone();
  }
}

describe('Opening a SQLite store', () => {
  const folder = testFolder();

  it('creates the folders that are missing', async () => {
    const store = await openSqliteStore(folder.path('a/b/coordinator.db'));

    const answers = await store.apply([BEGIN]);

    expect(kinds(answers)).toEqual(['done']);
    await store.close();
  });

  it('refuses a file that a newer version has written', async () => {
    const { database, store } = await sqliteUnderTest(folder.path('coordinator.db'));
    database.exec("UPDATE meta SET value = '99' WHERE key = 'schema_version'");
    await store.close();

    await expect(openSqliteStore(folder.path('coordinator.db'))).rejects.toThrow(
      /DTX_ERR_SCHEMA_TOO_NEW.*schema version 99, and this version of nestjs-dtx knows 2\. Upgr/,
    );
  });

  it.each([
    ['a file that is no database', 'notes.txt', 'file is not a database'],
    ['a folder that cannot be', 'notes.txt/coordinator.db', 'ENOTDIR|EEXIST'],
  ])('refuses %s', async (_what, name, reason) => {
    writeFileSync(folder.path('notes.txt'), 'remember the milk\n'.repeat(100));

    await expect(openSqliteStore(folder.path(name))).rejects.toThrow(
      new RegExp(`DTX_ERR_TC_STORE.*${name}.*(${reason}).*Check that its folder exists`),
    );
  });

  it('refuses a record that this version does not understand', async () => {
    const { database, store } = await sqliteUnderTest(folder.path('coordinator.db'));
    await store.apply([BEGIN]);
    database.exec("UPDATE session SET kind = 'saga'");

    await expect(store.load([KEY])).rejects.toThrow('kind is "saga", which is unknown here');
    await store.close();
  });
});

describe('A visitor of a SQLite store', () => {
  const folder = testFolder();
  let owner: SessionStore;
  let visitor: SessionStore;

  beforeEach(async () => {
    owner = await openSqliteStore(folder.path('coordinator.db'));
    await owner.apply([BEGIN, ADD]);
    visitor = await visitSqliteStore(folder.path('coordinator.db'));
  });

  afterEach(async () => {
    await visitor.close();
    await owner.close();
  });

  it('reads what its owner has written, while that goes on', async () => {
    await owner.apply([COMMIT]);

    expect(await loadOne(visitor)).toEqual(COMMIT.after);
  });

  it('changes it under the same condition, and the owner learns of it', async () => {
    const stop = changeOf(ADD.after, COMMANDS['set rollback-only']);
    await visitor.load([KEY]);

    const answers = await visitor.apply([stop]);

    expect(kinds(answers)).toEqual(['done']);
    expect(await owner.apply([COMMIT])).toEqual([{ kind: 'refused', found: stop.after }]);
  });

  it('is refused where the owner was faster', async () => {
    const stop = changeOf(ADD.after, COMMANDS['set rollback-only']);
    await visitor.load([KEY]);
    await owner.apply([COMMIT]);

    expect(await visitor.apply([stop])).toEqual([{ kind: 'refused', found: COMMIT.after }]);
  });

  it('finds nothing where there is no file, and makes none', async () => {
    const file = folder.path('nowhere.db');

    await expect(visitSqliteStore(file)).rejects.toThrow(
      /DTX_ERR_TC_STORE.*nowhere\.db.*there is no such file/,
    );
    expect(existsSync(file)).toBe(false);
  });
});

describe('A database that is none of ours', () => {
  const folder = testFolder();

  it('is not touched by a visitor', async () => {
    const file = folder.path('application.db');
    const foreign = (await findSqliteDriver()).open(file);
    foreign.exec('CREATE TABLE customer (name TEXT)');
    foreign.close();
    const before = readFileSync(file);

    await expect(visitSqliteStore(file)).rejects.toThrow(/DTX_ERR_TC_STORE.*no such table: meta/);

    expect(readFileSync(file).equals(before)).toBe(true);
    expect(existsSync(`${file}-wal`)).toBe(false);
  });
});

describe('A SQLite store that takes sessions over while a visitor writes', () => {
  const folder = testFolder();

  it('takes what has lapsed when nobody can write any more', async () => {
    const file = folder.path('coordinator.db');
    let meanwhile = (): void => undefined;
    const { store } = await sqliteUnderTest(file, (database) =>
      afterReading(database, 'SELECT id FROM session', () => {
        meanwhile();
      }),
    );
    await store.apply([
      beginOf({ xid: 'ended', leaseUntilMs: 1 }),
      beginOf({ xid: 'still-lapsed', leaseUntilMs: 2 }),
    ]);
    const visitor = (await findSqliteDriver()).open(file);
    meanwhile = () => {
      meanwhile = () => undefined;
      visitor.exec("UPDATE session SET ended_at_ms = 5, version = 9 WHERE xid = 'ended'");
      visitor.exec("UPDATE session SET version = 7 WHERE xid = 'still-lapsed'");
    };

    const claim = { owner: 'node-b', which: 'lapsed', nowMs: 3, leaseUntilMs: 9 } as const;
    const claimed = await store.claim({ ...claim, countMax: 10 });

    expect(claimed).toMatchObject([{ xid: 'still-lapsed', owner: 'node-b', version: 8 }]);
    const rows = visitor.prepare("SELECT owner, version FROM session WHERE xid = 'ended'").all();
    expect({ ...rows[0] }).toEqual({ owner: ACTIVE.owner, version: 9 });
    visitor.close();
    await store.close();
  });

  function afterReading(database: SqliteDatabase, text: string, then: () => void): SqliteDatabase {
    return {
      exec: (sql) => {
        database.exec(sql);
      },
      close: () => {
        database.close();
      },
      prepare: (sql): SqliteStatement => {
        const statement = database.prepare(sql);
        if (!sql.includes(text)) return statement;
        const all: SqliteStatement['all'] = (...values) => {
          const rows = statement.all(...values);
          then();
          return rows;
        };
        return { run: statement.run, all };
      },
    };
  }
});

describe('A SQLite store whose COMMIT fails', () => {
  const folder = testFolder();

  /** The next such statement fails, before or after it has taken effect. */
  function failing(
    when: 'before' | 'after',
    text: string,
  ): (database: SqliteDatabase) => SqliteDatabase {
    let left = 1;
    return (database) => ({
      exec: (sql) => {
        database.exec(sql);
      },
      close: () => {
        database.close();
      },
      prepare: (sql): SqliteStatement => {
        const statement = database.prepare(sql);
        if (!sql.includes(text)) return statement;
        const run: SqliteStatement['run'] = (...values) => {
          if (left > 0 && when === 'before') {
            left -= 1;
            throw ioError();
          }
          const count = statement.run(...values);
          if (left-- > 0) throw ioError();
          return count;
        };
        return { run, all: statement.all };
      },
    });
  }

  const ioError = (): Error =>
    Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' });

  it.each([
    ['before', undefined],
    ['after', 'active'],
  ] as const)(
    '%s it took effect calls the outcome unknown, and reads the truth',
    async (when, status) => {
      const spoil = failing(when, 'COMMIT');
      const { store } = await sqliteUnderTest(folder.path('coordinator.db'), spoil);

      const answers = await store.apply([BEGIN, beginOf({ xid: 'beside' })]);

      expect(kinds(answers)).toEqual(['unknown', 'unknown']);
      expect((await loadOne(store))?.status).toBe(status);
      const again = await store.apply([beginOf({ xid: 'next' })]);
      expect(kinds(again)).toEqual(['done']);
      await store.close();
    },
  );

  it.each([
    ['before', undefined],
    ['after', 'active'],
  ] as const)(
    'alone, without a COMMIT of its own, %s it took effect is unknown as well',
    async (when, status) => {
      const spoil = failing(when, 'INSERT INTO session');
      const { store } = await sqliteUnderTest(folder.path('coordinator.db'), spoil);

      const answers = await store.apply([BEGIN, ADD]);

      expect(kinds(answers)).toEqual(['unknown', 'unknown']);
      expect((await loadOne(store))?.status).toBe(status);
      const again = await store.apply([beginOf({ xid: 'next' })]);
      expect(kinds(again)).toEqual(['done']);
      await store.close();
    },
  );
});

describe('A full disk', () => {
  const folder = testFolder();

  it('refuses new work, and decided work is finished when there is space again', async () => {
    const { database, store } = await sqliteUnderTest(folder.path('coordinator.db'));
    const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds });
    const client = new EmbeddedClient(coordinator.namespace('default'), () => coordinator.close());
    const decided = await begin(client);
    await register(client, decided);
    await client.commit({ xid: decided, waitMs: 0 });
    const [pages] = database.prepare('PRAGMA page_count').all();
    database.exec(`PRAGMA max_page_count = ${String(pages?.['page_count'])}`);

    const accepted: string[] = [];
    let refusal: unknown;
    for (let count = 0; count < 1_000 && refusal === undefined; count += 1) {
      await begin(client).then(
        (xid) => accepted.push(xid),
        (error: unknown) => (refusal = error),
      );
    }

    expect(refusal).toMatchObject({ code: 'DTX_ERR_TC_STORE' });
    expect((refusal as Error).message).toContain('database or disk is full');
    database.exec('PRAGMA max_page_count = 1000000');
    await client.attach(new FakeResource('orders'));
    await until(async () => (await statusOf(client, decided)) === 'committed');
    const statuses = await Promise.all(accepted.map((xid) => statusOf(client, xid)));
    expect(statuses.every((status) => status === 'active')).toBe(true);
    expect(await statusOf(client, await begin(client))).toBe('active');
    await client.close();
  });
});
