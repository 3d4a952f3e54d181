import type { AtFile } from './at-file.js';
import { DONE, createAtFile, newTag, reasonOf } from './at-file.js';
import type { OtherProcess } from './other-process.js';
import { startOtherProcess } from './other-process.js';

const SETUP = `
  CREATE TABLE account (id INTEGER PRIMARY KEY, owner TEXT UNIQUE, balance INT);
  INSERT INTO account VALUES (1, 'ann', 100), (2, 'bob', 100);`;

const SET_1 = 'UPDATE account SET balance = 1 WHERE id = 1';
const SET_2 = 'UPDATE account SET balance = 2 WHERE id = 1';

let file: AtFile;
let other: OtherProcess;

beforeEach(async () => {
  file = await createAtFile(SETUP);
  file.database.pragma('busy_timeout = 100');
  other = await startOtherProcess(file.path);
});

afterEach(async () => {
  await other.kill();
  file.drop();
});

/** What a write of this process meets. */
function metBy(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    return file.engine.explain(error);
  }
  return undefined;
}

describe('Two processes that capture in one file', () => {
  it('see whose the rows are that the other one holds', async () => {
    const theirs = newTag();
    await other.ask('begin', theirs);
    await other.ask('write', theirs, SET_1);
    await other.ask('commit', theirs);

    const met = metBy(() => {
      file.branch(newTag(), SET_2);
    });

    expect(met).toEqual({
      kind: 'lock-conflict',
      conflict: { table: 'account', key: '1', holderXid: theirs.xid },
    });
  });

  it('meet each other the other way round, too', async () => {
    const ours = newTag();
    file.branch(ours, SET_1);

    await other.ask('begin', newTag());
    const answer = await other.ask('write', newTag(), SET_2);

    expect(answer.met).toMatchObject({ conflict: { key: '1', holderXid: ours.xid } });
  });

  it('do not wait without end for an open write, and go on behind it', async () => {
    const theirs = newTag();
    await other.ask('begin', theirs);
    await other.ask('write', theirs, SET_1);

    const met = metBy(() => {
      file.branch(newTag(), 'UPDATE account SET balance = 2 WHERE id = 2');
    });
    await other.ask('commit', theirs);
    file.branch(newTag(), 'UPDATE account SET balance = 3 WHERE id = 2');

    expect(met).toMatchObject({ kind: 'lock-conflict', conflict: { holderXid: 'unknown' } });
    expect(file.outside.prepare('SELECT balance FROM account').pluck().all()).toEqual([1, 3]);
  });

  it('can decide what the other one has written', async () => {
    const theirs = newTag();
    await other.ask('begin', theirs);
    await other.ask('write', theirs, SET_1);
    await other.ask('commit', theirs);

    const outcome = await file.rollback(theirs);

    expect(outcome).toEqual(DONE);
    expect(file.outside.prepare('SELECT balance FROM account').pluck().all()).toEqual([100, 100]);
  });

  it('can carry out orders about rows that the other one has left', async () => {
    const tag = newTag();
    file.branch(tag, SET_1);
    file.outside.exec('UPDATE account SET balance = 7 WHERE id = 1');
    expect(reasonOf(await file.rollback(tag))).toMatch(/account 1/);

    const rows = await other.ask('rows', tag);
    const report = await other.ask('force-before', tag);

    expect(rows.result).toMatchObject([
      { table: 'account', key: '1', state: 'dirty', before: { balance: '100' } },
    ]);
    expect(report.result).toEqual({ done: [{ table: 'account', key: '1' }], left: [] });
    expect(file.outside.prepare('SELECT balance FROM account').pluck().all()).toEqual([100, 100]);
  });
});

describe('A process that is killed', () => {
  it('before the local COMMIT has left nothing, and never can commit', async () => {
    const tag = newTag();
    await other.ask('begin', tag);
    await other.ask('write', tag, SET_1);

    await other.kill();

    expect(await file.engine.resolveLocalCommit(tag)).toBe('rolled-back');
    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.held()).toEqual([]);
    expect(file.outside.prepare('SELECT balance FROM account').pluck().all()).toEqual([100, 100]);
  });

  it('behind the local COMMIT has left everything that a rollback needs', async () => {
    const tag = newTag();
    await other.ask('begin', tag);
    await other.ask('write', tag, SET_1);
    await other.ask('commit', tag);

    await other.kill();

    expect(await file.engine.resolveLocalCommit(tag)).toBe('committed');
    expect(await file.rollback(tag)).toEqual(DONE);
    expect(file.held()).toEqual([]);
    expect(file.outside.prepare('SELECT balance FROM account').pluck().all()).toEqual([100, 100]);
  });

  it('behind the local COMMIT keeps its rows until a decision, also after a restart', async () => {
    const tag = newTag();
    await other.ask('begin', tag);
    await other.ask('write', tag, SET_1);
    await other.ask('commit', tag);
    await other.kill();
    other = await startOtherProcess(file.path);

    await other.ask('begin', newTag());
    const refused = await other.ask('write', newTag(), SET_2);
    await file.commit(tag);
    await other.ask('begin', newTag());
    const free = await other.ask('write', newTag(), SET_2);

    expect(refused.met).toMatchObject({ conflict: { holderXid: tag.xid } });
    expect(free).not.toHaveProperty('error');
  });
});

describe('An installation that only checks', () => {
  it('creates nothing, nor does anything that comes behind it', async () => {
    await file.engine.uninstall();
    await expect(file.engine.install('check')).rejects.toThrow(/tables are missing/);

    const met = metBy(() => {
      file.branch(newTag(), SET_1);
    });

    const names = file.outside
      .prepare("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'")
      .pluck()
      .all();
    expect(met).toMatchObject({ kind: 'refused', reason: expect.stringMatching(/missing/) });
    expect(names).toEqual(['account']);
    expect(file.database.prepare('SELECT name FROM temp.sqlite_master').all()).toEqual([]);
  });
});
