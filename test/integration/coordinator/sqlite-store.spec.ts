import { statSync, writeFileSync } from 'node:fs';

import type { Branch, Session } from '../../../lib/coordinator/core/index.js';
import type { SessionStore, StoreCommand } from '../../../lib/coordinator/index.js';
import { openCoordinator, openSqliteStore } from '../../../lib/coordinator/index.js';
import { findSqliteDriver } from '../../../lib/coordinator/store/sqlite/find-driver.js';
import type {
  SqliteDatabase,
  SqliteStatement,
} from '../../../lib/coordinator/store/sqlite/sqlite-database.interface.js';
import type { WalFile } from '../../../lib/coordinator/store/sqlite/wal-file.js';
import { walFileOf } from '../../../lib/coordinator/store/sqlite/wal-file.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { EmbeddedClient } from '../../../lib/transport/embedded-client.js';
import { until } from '../../support/until.js';
import { branch, session } from '../../unit/coordinator/sessions.js';
import { begin, register, statusOf } from './support/client.js';
import { FakeResource } from './support/fake-resource.js';
import { sqliteUnderTest } from './support/sqlite-under-test.js';
import { testFolder } from './support/test-folder.js';

const ACTIVE = session({ branches: [] });
const BEGIN: StoreCommand = { kind: 'begin', after: ACTIVE };

function adding(added: Branch, before: Session = ACTIVE): StoreCommand {
  const after = { ...before, branches: [...before.branches, added] };
  return { kind: 'add-branch', after, branch: added };
}

function deciding(status: 'committing' | 'rolling-back', before: Session = ACTIVE): StoreCommand {
  return { kind: 'change-session', after: { ...before, status }, from: before.status };
}

function ending(before: Session, from: Session['status'] = 'committing'): StoreCommand {
  const after = { ...before, status: 'committed' as const, endedAtMs: 99, branches: [] };
  return { kind: 'end', after, from, hadBranches: true, lastBranch: undefined };
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
    const added = branch({ data: 'opaque', branchId: '9223372036854775807' });
    const changed = { ...added, attempts: 3, dueAtMs: 77, lastError: 'down' };
    const rollbackOnly = { ...ACTIVE, rollbackOnly: 'refused', branches: [changed] };
    await store.apply([
      BEGIN,
      adding(added),
      { kind: 'change-branch', after: rollbackOnly, branch: changed, from: 'registered' },
      { kind: 'change-session', after: rollbackOnly, from: 'active' },
    ]);
    await store.close();
    store = await openSqliteStore(folder.path('coordinator.db'));

    expect(await store.load('default', ACTIVE.xid)).toEqual(rollbackOnly);
  });

  it('knows a session by its xid and its namespace', async () => {
    await store.apply([BEGIN]);

    expect(await store.load('other', ACTIVE.xid)).toBeUndefined();
    expect(await store.load('default', 'b'.repeat(32))).toBeUndefined();
  });

  it('answers each command of a batch on its own', async () => {
    const answers = await store.apply([
      BEGIN,
      adding(branch()),
      deciding('committing'),
      adding(branch({ branchId: '8', seq: 2 })),
      deciding('rolling-back'),
    ]);

    expect(kinds(answers)).toEqual(['done', 'done', 'done', 'refused', 'refused']);
    expect(answers[4]).toMatchObject({
      found: { status: 'committing', branches: [{ branchId: '7' }] },
    });
  });

  it('refuses a write of an earlier epoch', async () => {
    await store.apply([BEGIN, adding(branch())]);
    const { ownership } = await store.claimOpen('next');
    await store.claimOpen('the one after');

    const stale = { ...ACTIVE, epoch: ownership.epoch };
    const answers = await store.apply([
      deciding('committing', stale),
      adding(branch({ branchId: '8' }), stale),
      { kind: 'change-branch', after: stale, branch: branch(), from: 'registered' },
      ending(stale, 'active'),
    ]);

    expect(kinds(answers)).toEqual(['refused', 'refused', 'refused', 'refused']);
    const found = await store.load('default', ACTIVE.xid);
    expect(found).toMatchObject({ status: 'active', branches: [{ branchId: '7' }] });
  });

  it('refuses to begin an xid twice, and says what stands', async () => {
    await store.apply([BEGIN, deciding('committing')]);

    const answers = await store.apply([BEGIN]);

    expect(answers).toMatchObject([{ kind: 'refused', found: { status: 'committing' } }]);
  });

  it('refuses what would change the record of an unknown session', async () => {
    const answers = await store.apply([deciding('committing'), adding(branch())]);

    expect(answers).toEqual([
      { kind: 'refused', found: undefined },
      { kind: 'refused', found: undefined },
    ]);
  });

  it('keeps the record of an ended session, and nothing of its branches', async () => {
    await store.apply([BEGIN, adding(branch()), deciding('committing'), ending(ACTIVE)]);

    const { sessions } = await store.claimOpen('next');

    expect(sessions).toEqual([]);
    const found = await store.load('default', ACTIVE.xid);
    expect(found).toMatchObject({ status: 'committed', endedAtMs: 99, branches: [] });
  });

  it('deletes only what ended before the given time, a bounded number at once', async () => {
    const ended = Array.from({ length: 5 }, (_none, index) => ({
      ...ACTIVE,
      xid: `ended-${String(index)}`,
    }));
    await store.apply([BEGIN]);
    for (const one of ended) {
      await store.apply([{ kind: 'begin', after: one }, ending(one, 'active')]);
    }

    const counts = [];
    for (const endedBeforeMs of [99, 100, 100]) {
      const [answer] = await store.apply([{ kind: 'purge', endedBeforeMs, countMax: 3 }]);
      counts.push(answer);
    }

    expect(counts).toEqual([
      { kind: 'done', count: 0 },
      { kind: 'done', count: 3 },
      { kind: 'done', count: 2 },
    ]);
    expect(await store.load('default', ACTIVE.xid)).toBeDefined();
  });

  it('does not let one poisoned command harm the others of its batch', async () => {
    const poisoned = { ...ACTIVE, xid: 'poisoned', name: null as unknown as string };
    const healthy = { ...ACTIVE, xid: 'healthy' };

    const answers = await store.apply([
      BEGIN,
      { kind: 'begin', after: poisoned },
      { kind: 'begin', after: healthy },
    ]);

    expect(kinds(answers)).toEqual(['done', 'failed', 'done']);
    expect(answers[1]).toMatchObject({
      error: { message: expect.stringContaining('NOT NULL') as string },
    });
    expect(await store.load('default', 'healthy')).toEqual(healthy);
    expect(await store.load('default', 'poisoned')).toBeUndefined();
  });

  it('claims what is open under an epoch that nobody had before', async () => {
    await store.apply([BEGIN, adding(branch())]);

    const first = await store.claimOpen('one');
    const second = await store.claimOpen('two');

    expect([first.ownership.epoch, second.ownership.epoch]).toEqual([1, 2]);
    expect(second.sessions).toEqual([{ ...ACTIVE, owner: 'two', epoch: 2, branches: [branch()] }]);
  });

  it('can be read by other programs meanwhile', async () => {
    await store.apply([BEGIN]);
    const driver = await findSqliteDriver();
    const shell = driver.open(folder.path('coordinator.db'), { isReadOnly: true });

    const rows = shell.prepare('SELECT xid, status FROM session').all();

    expect(rows.map((row) => ({ ...row }))).toEqual([{ xid: ACTIVE.xid, status: 'active' }]);
    shell.close();
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
    const reading = opened.load('default', ACTIVE.xid).then(() => told.push('read'));
    await until(() => disk.isAsked);
    const toldBefore = [...told];
    disk.isDone();
    await Promise.all([writing, reading]);

    expect(toldBefore).toEqual([]);
    expect(told.sort()).toEqual(['read', 'written']);
    await opened.close();
  });

  it('calls everything unknown that the disk did not confirm', async () => {
    const wal = { sync: () => Promise.reject(new Error('EIO')), close: () => undefined };
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

    await expect(opened.load('default', ACTIVE.xid)).rejects.toThrow(
      'its log cannot be emptied while another program reads the file',
    );

    shell.close();
    expect((await opened.load('default', ACTIVE.xid))?.status).toBe('active');
    expect(statSync(`${file}-wal`).size).toBe(0);
    expect(kinds(await opened.apply([deciding('committing')]))).toEqual(['done']);
    await opened.close();
  });
});

/** A log file whose first sync fails. */
function failingOnce(file: string): WalFile {
  const real = walFileOf(file);
  let failures = 1;
  return {
    sync: () => (failures-- > 0 ? Promise.reject(new Error('EIO')) : real.sync()),
    close: () => {
      real.close();
    },
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
      /DTX_ERR_SCHEMA_TOO_NEW.*schema version 99, and this version of nestjs-dtx knows 1\. Upgr/,
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

    await expect(store.load('default', ACTIVE.xid)).rejects.toThrow(
      'column kind holds "saga", which is unknown here',
    );
    await store.close();
  });
});

describe('A SQLite store whose COMMIT fails', () => {
  const folder = testFolder();

  /** The next COMMIT fails, before or after it has taken effect. */
  function failingCommit(when: 'before' | 'after'): (database: SqliteDatabase) => SqliteDatabase {
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
        if (sql !== 'COMMIT') return statement;
        const run = (): number => {
          if (left > 0 && when === 'before') {
            left -= 1;
            throw new Error('disk I/O error');
          }
          const count = statement.run();
          if (left-- > 0) throw new Error('disk I/O error');
          return count;
        };
        return { run, all: statement.all };
      },
    });
  }

  it.each([
    ['before', undefined],
    ['after', 'active'],
  ] as const)(
    '%s it took effect calls the outcome unknown, and reads the truth',
    async (when, status) => {
      const { store } = await sqliteUnderTest(folder.path('coordinator.db'), failingCommit(when));

      const answers = await store.apply([BEGIN, adding(branch())]);

      expect(kinds(answers)).toEqual(['unknown', 'unknown']);
      expect((await store.load('default', ACTIVE.xid))?.status).toBe(status);
      const again = await store.apply([{ kind: 'begin', after: { ...ACTIVE, xid: 'next' } }]);
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
