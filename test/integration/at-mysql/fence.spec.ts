import type { PoolConnection } from 'mysql2/promise';

import type { BranchTag } from '../../../lib/resource/at/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, UNDO_ROWS, createAtDatabase, failureOf, newTag, reasonOf } from './at-database.js';

const SETUP = 'CREATE TABLE account (id int PRIMARY KEY, n int NOT NULL);';
const RESET = 'DELETE FROM account; INSERT INTO account VALUES (1, 100), (2, 200), (3, 300);';

describeMariadb('The first undo row of a branch', () => {
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

  const add = (id: number): string => `UPDATE account SET n = n + 1 WHERE id = ${id}`;

  /** A local transaction of a branch that waits no longer than a second for anybody. */
  const begin = (tag: BranchTag, level = 'READ-COMMITTED'): Promise<PoolConnection> =>
    database.begin(tag, `innodb_lock_wait_timeout = 1, tx_isolation = '${level}'`);

  /** Two branches of one transaction, of which the later has only rows of the earlier one. */
  const foldedBranch = async (): Promise<readonly [BranchTag, BranchTag]> => {
    const earlier = newTag();
    const later = newTag(earlier.xid);
    await database.branch(earlier, add(1), add(2));
    await database.branch(later, add(2), add(1));
    return [earlier, later];
  };

  it('stands for the commit of a branch that has only rows of another one', async () => {
    const [earlier, later] = await foldedBranch();

    await expect(database.engine.resolveLocalCommit(later)).resolves.toBe('committed');
    await expect(database.rollback(later)).resolves.toEqual(DONE);
    await expect(database.rollback(earlier)).resolves.toEqual(DONE);
    await expect(database.rows('account')).resolves.toEqual(['[1,100]', '[2,200]', '[3,300]']);
  });

  it('goes with the commit, whosever rows the branch has', async () => {
    const [earlier, later] = await foldedBranch();

    const outcomes = await database.engine.commitBranches([earlier, later]);

    expect(outcomes).toEqual([DONE, DONE]);
    await expect(database.rows('dtx_undo_row')).resolves.toEqual([]);
  });

  it('cannot be one of another branch behind a tombstone', async () => {
    const earlier = newTag();
    const buried = newTag(earlier.xid);
    await database.branch(earlier, add(1));
    await database.engine.resolveLocalCommit(buried);

    const error = await failureOf(database.branch(buried, add(1)));

    expect(database.engine.explain(error)).toEqual({ kind: 'fenced' });
    await expect(database.rows('account')).resolves.toContain('[1,101]');
  });

  it('may be one that was taken over', async () => {
    const [holder, taker] = [newTag(), newTag()];
    await database.branch(holder, add(1));
    const released = `SET @dtx_released = '${holder.xid}'`;
    await database.branch(taker, released, add(1), add(2));

    await expect(database.engine.resolveLocalCommit(taker)).resolves.toBe('committed');
    await expect(database.rollback(taker)).resolves.toEqual(DONE);
    await expect(database.rows('account')).resolves.toEqual(['[1,101]', '[2,200]', '[3,300]']);
  });

  it('cannot be taken over behind a tombstone', async () => {
    const [holder, taker] = [newTag(), newTag()];
    await database.branch(holder, add(1));
    await database.rollback(taker);
    const released = `SET @dtx_released = '${holder.xid}'`;

    const error = await failureOf(database.branch(taker, released, add(1)));

    expect(database.engine.explain(error)).toEqual({ kind: 'fenced' });
    await expect(database.sql(`SELECT xid FROM ${UNDO_ROWS}`)).resolves.toEqual([
      { xid: holder.xid },
    ]);
  });

  it('comes again behind a savepoint that takes it back while later rows stay away', async () => {
    const tag = newTag();
    const connection = await database.begin(tag);
    await connection.query('SAVEPOINT a');
    await connection.query(add(1));
    await connection.query('ROLLBACK TO a');
    await connection.query(add(2));
    await connection.query(add(3));
    const resolved = database.engine.resolveLocalCommit(tag);
    await database.untilBlocked();
    await connection.query('COMMIT');

    await expect(resolved).resolves.toBe('committed');
  });

  it('keeps nobody else from writing while a tombstone waits for it', async () => {
    const xid = newTag().xid;
    const [open, below] = await Promise.all(
      ['80', '70'].map((branchId) => begin({ xid, branchId })),
    );
    await open!.query(add(1));
    const resolved = database.engine.resolveLocalCommit({ xid, branchId: '80' });
    await database.untilBlocked();

    await below!.query(add(2));

    await Promise.all([below!.query('COMMIT'), open!.query('COMMIT')]);
    await expect(resolved).resolves.toBe('committed');
  });

  it.each([
    ['READ-COMMITTED', 'a savepoint', ['SAVEPOINT a', add(1), 'ROLLBACK TO a']],
    ['READ-COMMITTED', 'a conflict', [add(3)]],
    ['REPEATABLE-READ', 'a conflict', [add(3)]],
  ])('locks no gap at %s when it is gone with %s', async (level, _what, statements) => {
    const holder = newTag('0'.repeat(40));
    await database.branch(holder, add(3));
    const connection = await begin(newTag('8'.repeat(40)), level);
    for (const statement of statements) await failureOf(connection.query(statement));
    await connection.query(add(1));
    const others = await Promise.all(['7', '9'].map((digit) => begin(newTag(digit.repeat(40)))));

    await others[0]!.query(add(2));
    await others[1]!.query('INSERT INTO account VALUES (4, 400)');

    await connection.query('COMMIT');
    await expect(database.rows('account')).resolves.toContain('[1,101]');
  });

  it('lets branches of one transaction write at once', async () => {
    const xid = newTag().xid;
    const ids = ['10', '20', '30'];
    const connections = await Promise.all(ids.map((branchId) => database.begin({ xid, branchId })));

    for (const [index, connection] of connections.entries()) {
      await connection.query(add(index + 1));
      await connection.query(add(index + 1));
    }

    await Promise.all(connections.map((connection) => connection.query('COMMIT')));
    const [outcome] = await database.engine.rollbackBranches([{ xid, branchId: '20' }]);
    expect(outcome).toEqual(DONE);
    await expect(database.rows('account')).resolves.toEqual(['[1,100]', '[2,200]', '[3,300]']);
  });

  it('may be left to a person, who is asked for it again until it has gone', async () => {
    const tag = newTag();
    await database.branch(tag, add(1), add(2));
    await database.sql('UPDATE account SET n = 0 WHERE id = 1');

    const outcomes = [await database.rollback(tag), await database.rollback(tag)];

    expect(outcomes.map(reasonOf)).toEqual([
      expect.stringContaining('account 1: the row was changed'),
      expect.stringContaining('account 1: the row was changed'),
    ]);
    await expect(database.engine.purgeFences(0)).resolves.toBe(0);
    const listed = await database.engine.desk.locks({ xid: tag.xid }, 10);
    expect(listed).toMatchObject([{ table: 'account', key: '1', isLeft: true }]);
    await database.engine.desk.order('keep-current', { xid: tag.xid });
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
  });

  it('leaves the rows of its branch to be told of where another one undoes it', async () => {
    const earlier = newTag();
    const later = newTag(earlier.xid);
    await database.branch(earlier, add(1), add(2));
    await database.branch(later, add(3));
    await database.sql('UPDATE account SET n = 0 WHERE id = 2');

    const outcomes = [await database.rollback(later), await database.rollback(earlier)];

    expect(outcomes[0]).toEqual(DONE);
    expect(reasonOf(outcomes[1]!)).toContain('account 2: the row was changed');
  });

  it('keeps rollbacks of two branches of one transaction from meeting in a circle', async () => {
    const outcomes: unknown[] = [];
    for (let round = 0; round < 20; round += 1) {
      const earlier = newTag();
      const later = newTag(earlier.xid);
      await database.branch(earlier, add(1), add(2));
      await database.branch(later, add(2), add(3));
      outcomes.push(...(await Promise.all([earlier, later].map((tag) => database.rollback(tag)))));
    }

    expect(outcomes).toEqual(outcomes.map(() => DONE));
  });

  it('is undone once by two rollbacks at the same time', async () => {
    const tag = newTag();
    await database.branch(tag, add(1), add(2), add(3));

    const outcomes = await Promise.all([database.rollback(tag), database.rollback(tag)]);

    expect(outcomes).toEqual([DONE, DONE]);
    await expect(database.rows('account')).resolves.toEqual(['[1,100]', '[2,200]', '[3,300]']);
  });
});
