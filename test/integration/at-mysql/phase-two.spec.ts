import type { PoolConnection } from 'mysql2/promise';

import type { BranchTag } from '../../../lib/resource/at/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, UNDO_ROWS, createAtDatabase, failureOf, newTag } from './at-database.js';

const SETUP = 'CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);';
const RESET = 'DELETE FROM account; INSERT INTO account VALUES (1, 100), (2, 200);';

describeMariadb('Phase two', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  const left = (): Promise<readonly string[]> => database.rows('dtx_undo_row');

  it('commits many branches at once, repeats and unknown ones too', async () => {
    const [first, second] = [newTag(), newTag()];
    await database.branch(first, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.branch(second, 'UPDATE account SET balance = 1 WHERE id = 2');

    const outcomes = await database.engine.commitBranches([first, second, first, newTag()]);

    expect(outcomes).toEqual([DONE, DONE, DONE, DONE]);
    await expect(left()).resolves.toEqual([]);
  });

  it('passes over undo rows that a writer holds, and says so', async () => {
    const holder = newTag();
    await database.branch(holder, 'UPDATE account SET balance = 1');
    const writer = await database.begin(newTag());
    await failureOf(writer.query('UPDATE account SET balance = 2 WHERE id = 1'));

    await expect(database.commit(holder)).resolves.toMatchObject({ kind: 'retry' });

    await writer.query('ROLLBACK');
    await expect(database.commit(holder)).resolves.toEqual(DONE);
    await expect(left()).resolves.toEqual([]);
  });

  it('frees what transactions hold by their xid', async () => {
    const [first, second] = [newTag(), newTag()];
    await database.branch(first, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.branch(second, 'UPDATE account SET balance = 1 WHERE id = 2');

    await database.engine.releaseXids([first.xid]);

    await expect(database.sql('SELECT xid FROM dtx_undo_row')).resolves.toEqual([
      { xid: second.xid },
    ]);
  });

  it('finds a commit whose answer was lost', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET balance = 1 WHERE id = 1');

    await expect(database.engine.resolveLocalCommit(tag)).resolves.toBe('committed');
  });

  it('says of a commit that has not come that it never will', async () => {
    const tag = newTag();
    await expect(database.engine.resolveLocalCommit(tag)).resolves.toBe('rolled-back');
    const error = await failureOf(database.branch(tag, 'UPDATE account SET balance = 1'));

    expect(database.engine.explain(error)).toEqual({ kind: 'fenced' });
  });

  it('waits for a local transaction that is under way, and undoes it then', async () => {
    const tag = newTag();
    const writer = await database.begin(tag);
    await writer.query('UPDATE account SET balance = 1 WHERE id = 1');
    const rollback = database.rollback(tag);
    await database.untilBlocked();
    await writer.query('COMMIT');

    await expect(rollback).resolves.toEqual(DONE);
    await expect(database.rows('account')).resolves.toContain('[1,100]');
  });

  it('does not wait without end', async () => {
    const tag = newTag();
    const writer = await database.begin(tag);
    await writer.query('UPDATE account SET balance = 1 WHERE id = 1');

    await expect(database.rollback(tag)).resolves.toMatchObject({ kind: 'retry' });
  }, 20_000);

  it('leaves no deadlock to writers of many rows', async () => {
    await database.sql(`INSERT INTO account SELECT seq, 0 FROM seq_3_to_40`);
    const rounds = Array.from({ length: 30 }, async (_, n) => {
      const tag = newTag();
      await database.branch(tag, `UPDATE account SET balance = ${n} WHERE id % 30 = ${n}`);
      return n % 2 === 0 ? database.rollback(tag) : database.commit(tag);
    });

    await expect(Promise.all(rounds)).resolves.toEqual(rounds.map(() => DONE));
    await expect(database.rows(UNDO_ROWS)).resolves.toEqual([]);
  }, 30_000);

  describe('beside a writer that is under way', () => {
    const MANY = 40;
    let own: BranchTag;
    let writer: PoolConnection;
    beforeEach(async () => {
      await database.sql(`INSERT INTO account SELECT seq, 0 FROM seq_3_to_${MANY + 2}`);
      own = newTag();
      writer = await database.begin(own);
      await writer.query('UPDATE account SET balance = 1 WHERE id = 1');
    });
    afterEach(() => writer.query('ROLLBACK'));

    const branches = async (): Promise<readonly BranchTag[]> => {
      const tags = Array.from({ length: MANY }, () => newTag());
      for (const [index, tag] of tags.entries()) {
        await database.branch(tag, `UPDATE account SET balance = 1 WHERE id = ${index + 3}`);
      }
      return tags;
    };

    it('commits as many as our tables hold', async () => {
      const tags = await branches();

      const outcomes = await database.engine.commitBranches(tags);

      expect(outcomes).toEqual(tags.map(() => DONE));
      await expect(left()).resolves.toEqual([]);
    });

    it('commits them by one statement, since nobody has locked anything of theirs', async () => {
      const tags = await branches();
      const sent: string[] = [];
      const source = database.source();
      const engine = database.engineFor({
        source: {
          withSession: (work) =>
            source.withSession((session) =>
              work({
                query(text, values) {
                  sent.push(text);
                  return session.query(text, values);
                },
              }),
            ),
        },
      });

      await engine.commitBranches(tags);

      expect(sent.filter((text) => !text.startsWith('SET SESSION'))).toEqual([
        expect.stringMatching(/^SET sql_mode/),
        expect.stringMatching(/^SET STATEMENT innodb_lock_wait_timeout = 0 FOR DELETE/),
      ]);
      await expect(left()).resolves.toEqual([]);
    });

    it('rolls as many back', async () => {
      const tags = await branches();

      const outcomes = await database.engine.rollbackBranches(tags);

      expect(outcomes).toEqual(tags.map(() => DONE));
    });

    it('rolls one back that has written to all other rows', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 7 WHERE id > 2');

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
    });

    it('purges as many fences', async () => {
      const tags = Array.from({ length: MANY }, () => newTag());
      await database.engine.rollbackBranches(tags);
      for (const { xid } of tags) {
        await database.sql(
          'UPDATE dtx_undo_row SET written_at = written_at - INTERVAL 1 HOUR WHERE xid = ?',
          [xid],
        );
      }

      await expect(database.engine.purgeFences(60_000)).resolves.toBe(MANY);
    });
  });

  it('purges old fences that nobody can ask for', async () => {
    const [undone, buried, open] = [newTag(), newTag(), newTag()];
    await database.branch(undone, 'UPDATE account SET balance = 1 WHERE id = 1');
    await database.rollback(undone);
    await database.rollback(buried);
    await database.branch(open, 'UPDATE account SET balance = 1 WHERE id = 2');

    await expect(database.engine.purgeFences(60_000)).resolves.toBe(0);
    await database.sql('UPDATE dtx_undo_row SET written_at = written_at - INTERVAL 1 HOUR');
    await expect(database.engine.purgeFences(60_000)).resolves.toBe(2);
    await expect(database.sql('SELECT xid FROM dtx_undo_row')).resolves.toEqual([
      { xid: open.xid },
    ]);
  });
});

describeMariadb('The desk', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(`
      CREATE TABLE account (id int PRIMARY KEY, owner varchar(20) UNIQUE, kind enum('a','b'),
        photo blob, since timestamp NULL);`);
  });

  beforeEach(async () => {
    await database.reset(`DELETE FROM account; SET time_zone = '+00:00';
      INSERT INTO account VALUES (1, 'Jörg', 'b', x'00FF', '2020-01-02 03:04:05'),
        (2, 'bob', 'a', NULL, NULL);`);
  });

  afterAll(async () => {
    await database.drop();
  });

  it('lists locks, also those that are no rows', async () => {
    const tag = newTag();
    await database.branch(tag, "UPDATE account SET owner = 'Jan' WHERE id = 1");

    const locks = await database.engine.desk.locks({ xid: tag.xid }, 10);

    const names = locks.map(({ key, table }) => `${table} ${key}`);
    expect(names).toEqual(['account 1', 'account (owner) Jörg', 'account (owner) Jan']);
    expect(Math.abs(locks[0]!.sinceMs - Date.now())).toBeLessThan(60_000);
    await expect(database.engine.desk.locks({ key: 'Jörg' }, 10)).resolves.toHaveLength(1);
    await expect(database.engine.desk.locks({}, 1)).resolves.toHaveLength(1);
  });

  it('shows the images of a row that somebody else has changed', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET kind = NULL WHERE id = 1');
    await database.sql("UPDATE account SET kind = 'a' WHERE id = 1");

    const [row] = await database.engine.desk.rows({ table: 'account' }, 10);

    const before = {
      id: '1',
      owner: 'Jörg',
      kind: 'b',
      photo: '0x00FF',
      since: '2020-01-02 03:04:05.000000',
    };
    expect(row).toEqual({
      ...tag,
      table: 'account',
      key: '1',
      state: 'dirty',
      isLeft: false,
      before,
      after: { ...before, kind: null },
      current: { ...before, kind: 'a' },
    });
  });

  it.each([
    ['keep-current', 'DELETE FROM account WHERE id = 1', ['2']],
    ['keep-current', "UPDATE account SET kind = 'a' WHERE id = 1", ['1a', '2']],
    ['force-before', 'DELETE FROM account WHERE id = 1', ['1b', '2']],
    ['force-before', "UPDATE account SET kind = 'a' WHERE id = 1", ['1b', '2']],
  ] as const)('carries out %s after %s', async (order, foreign, expected) => {
    const tag = newTag();
    await database.branch(tag, "UPDATE account SET kind = NULL, owner = 'x' WHERE id = 1");
    await database.sql(foreign);
    await database.rollback(tag);

    const report = await database.engine.desk.order(order, { xid: tag.xid });

    expect(report).toEqual({ done: [{ table: 'account', key: '1' }], left: [] });
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    const rows = await database.sql("SELECT CONCAT(id, IF(id = 1, kind, '')) AS r FROM account");
    expect(rows.map((row) => String(row['r']))).toEqual(expected);
    await expect(database.rows(UNDO_ROWS)).resolves.toEqual([]);
  });

  it('does nothing to rows that phase two has not left', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET kind = NULL WHERE id = 1');

    const { done, left } = await database.engine.desk.order('keep-current', { xid: tag.xid });

    expect(done).toEqual([]);
    expect(left).toMatchObject([{ key: '1', reason: expect.stringContaining('phase two') }]);
  });
});
