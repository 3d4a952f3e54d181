import type { BranchTag } from '../../../lib/resource/at/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag } from './at-database.js';

const SETUP = 'CREATE TABLE shop (id int PRIMARY KEY, code varchar(20) NOT NULL UNIQUE, n int)';
const RESET = "DELETE FROM shop; INSERT INTO shop VALUES (1, 'a', 10), (2, 'b', 20)";
const ADD = 'UPDATE shop SET n = n + 1 WHERE id = 1';
const SET_50 = 'UPDATE shop SET n = 50 WHERE id = 1';

describeMariadb('A row of a holder that has committed', () => {
  let database: AtDatabase;
  let holder: BranchTag;
  let taker: BranchTag;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
    [holder, taker] = [newTag(), newTag()];
    await database.branch(holder, ADD, 'UPDATE shop SET n = 21 WHERE id = 2');
  });

  afterAll(async () => {
    await database.drop();
  });

  /** What the local transaction of somebody is told who has waited for the row. */
  const released = (holderXid: string): string =>
    database.engine.releaseStatement?.({ table: 'shop', key: '1', holderXid }) ?? '';

  const undoRows = async (): Promise<unknown> =>
    database.sql(
      "SELECT xid, changes, is_broken FROM dtx_undo_row WHERE tbl = 'shop' AND pk = '1'",
    );

  it('goes over to a writer that was told so, who takes back its own change only', async () => {
    await database.branch(taker, released(holder.xid), SET_50);

    expect(await undoRows()).toEqual([{ xid: taker.xid, changes: 0, is_broken: 0 }]);
    await expect(database.rollback(taker)).resolves.toEqual(DONE);
    await expect(database.rows('shop')).resolves.toEqual(['[1,"a",11]', '[2,"b",21]']);
  });

  it('is one row of the new holder, however often that writes it', async () => {
    await database.branch(
      taker,
      released(holder.xid),
      SET_50,
      ADD,
      'DELETE FROM shop WHERE id = 1',
    );

    expect(await undoRows()).toEqual([{ xid: taker.xid, changes: 2, is_broken: 0 }]);
    await expect(database.rollback(taker)).resolves.toEqual(DONE);
    await expect(database.rows('shop')).resolves.toEqual(['[1,"a",11]', '[2,"b",21]']);
  });

  it('stays with the new one when the old one is cleaned up', async () => {
    await database.branch(taker, released(holder.xid), SET_50);

    await expect(database.commit(holder)).resolves.toEqual(DONE);

    expect(await undoRows()).toEqual([expect.objectContaining({ xid: taker.xid })]);
  });

  it('leaves nothing of the holder behind, whenever the clean-up comes', async () => {
    const connection = await database.begin(taker);
    await connection.query(released(holder.xid));
    await connection.query(SET_50);
    const during = await database.commit(holder);
    await connection.query('COMMIT');

    const behind = await database.commit(holder);

    expect([during.kind, behind.kind]).toEqual(['retry', 'done']);
    const left = await database.sql('SELECT xid FROM dtx_undo_row WHERE xid = ?', [holder.xid]);
    expect(left).toEqual([]);
  });

  it('stays with the holder when the writer takes back its local transaction', async () => {
    const connection = await database.begin(taker);
    await connection.query(released(holder.xid));
    await connection.query(SET_50);
    await connection.query('ROLLBACK');

    expect(await undoRows()).toEqual([expect.objectContaining({ xid: holder.xid })]);
  });

  it('is not taken from anybody else', async () => {
    const error = await failureOf(database.branch(taker, released(newTag().xid), ADD));

    expect(database.engine.explain(error)).toMatchObject({
      kind: 'lock-conflict',
      conflict: { key: '1', holderXid: holder.xid },
    });
  });

  it('goes over with the values of unique indexes that the holder has locked', async () => {
    const renamer = newTag();
    await database.commit(holder);
    await database.branch(renamer, "UPDATE shop SET code = 'c' WHERE id = 2");

    await database.branch(
      taker,
      released(renamer.xid),
      "INSERT INTO shop VALUES (3, 'b', 30)",
      "UPDATE shop SET code = 'd' WHERE id = 2",
    );

    await expect(database.commit(renamer)).resolves.toEqual(DONE);
    // Two rows, and the codes b, c and d.
    const mine = 'SELECT COUNT(*) AS n FROM dtx_undo_row WHERE xid = ?';
    expect(await database.sql(mine, [taker.xid])).toEqual([{ n: 5 }]);
    await expect(database.rollback(taker)).resolves.toEqual(DONE);
    await expect(database.rows('shop')).resolves.toEqual(['[1,"a",11]', '[2,"c",21]']);
  });

  it('is free for a writer under the global lock alone', async () => {
    await database.branch('guarded', released(holder.xid), SET_50);

    expect(await undoRows()).toEqual([]);
    await expect(database.rows('shop')).resolves.toEqual(['[1,"a",50]', '[2,"b",21]']);
  });

  it('takes no gap where the holder has been cleaned up already', async () => {
    await database.commit(holder);
    const connection = await database.begin(taker);
    await connection.query(released(holder.xid));
    await connection.query(SET_50);

    await database.branch(newTag(), 'UPDATE shop SET n = 0 WHERE id = 2');

    await connection.query('COMMIT');
    await expect(database.rows('shop')).resolves.toEqual(['[1,"a",50]', '[2,"b",0]']);
  });
});
