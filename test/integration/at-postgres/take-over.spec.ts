import type { BranchTag } from '../../../lib/resource/at/index.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag } from './at-database.js';
import { conflictIn, conflictOf } from './holes.js';

const SETUP = 'CREATE TABLE shop (id int PRIMARY KEY, n int)';
const RESET = 'DELETE FROM shop; INSERT INTO shop VALUES (1, 10), (2, 20)';
const ADD = 'UPDATE shop SET n = n + 1 WHERE id = 1';

describe('A row of a holder that has committed', () => {
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

  /** What the local transaction of somebody is told who has waited for the first row. */
  const released = (holderXid: string, key = '1'): string =>
    database.engine.releaseStatement?.({ table: 'public.shop', key, holderXid }) ?? '';

  const holders = async (): Promise<unknown> =>
    database.sql("SELECT xid FROM dtx.undo_row WHERE tbl = 'public.shop' AND pk = '1'");

  it('goes over to a writer that was told so, who takes back his own change only', async () => {
    await database.branch(taker, released(holder.xid), 'UPDATE shop SET n = 50 WHERE id = 1');

    expect(await holders()).toEqual([{ xid: taker.xid }]);
    await expect(database.rollback(taker)).resolves.toEqual(DONE);
    await expect(database.rows('shop')).resolves.toEqual(['(1,11)', '(2,21)']);
  });

  it('stays with the new one when the old one is cleaned up', async () => {
    await database.branch(taker, released(holder.xid), 'UPDATE shop SET n = 50 WHERE id = 1');

    await expect(database.commit(holder)).resolves.toEqual(DONE);

    expect(await holders()).toEqual([{ xid: taker.xid }]);
  });

  it('leaves nothing of the holder behind, whenever the clean-up comes', async () => {
    const client = await database.begin(taker);
    await client.query(released(holder.xid));
    await client.query('UPDATE shop SET n = 50 WHERE id = 1');
    const during = await database.commit(holder);
    await client.query('COMMIT');
    const fence = await database.connect();
    await fence.query('BEGIN; SELECT FROM dtx.branch_fence FOR UPDATE');
    const whileHeld = await database.commit(holder);
    await fence.query('COMMIT');

    const behind = await database.commit(holder);

    expect([during.kind, whileHeld.kind, behind.kind]).toEqual(['retry', 'retry', 'done']);
    await expect(
      database.sql('SELECT xid FROM dtx.branch_fence WHERE xid = $1', [holder.xid]),
    ).resolves.toEqual([]);
  });

  it('stays with the holder when the writer takes back its local transaction', async () => {
    const client = await database.begin(taker);
    await client.query(released(holder.xid));
    await client.query('UPDATE shop SET n = 50 WHERE id = 1');
    await client.query('ROLLBACK');

    expect(await holders()).toEqual([{ xid: holder.xid }]);
  });

  it('is a conflict to wait for where the snapshot still sees the holder', async () => {
    const client = await database.connect();
    await client.query(
      `BEGIN ISOLATION LEVEL REPEATABLE READ; ${database.engine.tagStatement(taker)}`,
    );
    await client.query('SELECT 1');
    await client.query(released(holder.xid));
    await database.commit(holder);

    const error = await failureOf(client.query('UPDATE shop SET n = 50 WHERE id = 1'));
    await client.query('ROLLBACK');

    expect(conflictIn(database, error)).toMatchObject({ table: 'public.shop' });
  });

  it('is not taken from anybody else', async () => {
    const error = await failureOf(database.branch(taker, released(newTag().xid), ADD));

    expect(conflictIn(database, error)).toMatchObject({
      table: 'public.shop',
      key: '1',
      holderXid: holder.xid,
    });
  });

  it('takes what else the holder has along, in this statement and the next ones', async () => {
    await database.branch(
      taker,
      released(holder.xid),
      'UPDATE shop SET n = n + 100 WHERE id = 1',
      'UPDATE shop SET n = n + 100',
    );

    await expect(database.sql('SELECT DISTINCT xid FROM dtx.undo_row')).resolves.toEqual([
      { xid: taker.xid },
    ]);
    await expect(database.rollback(taker)).resolves.toEqual(DONE);
    await expect(database.rows('shop')).resolves.toEqual(['(1,11)', '(2,21)']);
  });

  it('is free for one local transaction, and not for the next one of the session', async () => {
    const client = await database.begin(taker);
    await client.query(released(holder.xid));
    await client.query('UPDATE shop SET n = 50 WHERE id = 1');
    await client.query('COMMIT');

    const { rows } = await client.query("SELECT current_setting('dtx.released', true) AS released");

    expect(rows).toEqual([{ released: '' }]);
  });

  it('is locked first, so that a writer who knows of nothing is not waited for', async () => {
    const client = await database.begin(taker);
    await client.query(released(holder.xid));
    await client.query('UPDATE shop SET n = 50 WHERE id = 1');
    const late = conflictOf(database, ADD);
    await database.untilBlocked();
    await client.query('COMMIT');

    await expect(late).resolves.toMatchObject({ key: '1', holderXid: taker.xid });
  });
});
