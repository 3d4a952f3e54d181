import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';
import { conflictOf } from './holes.js';

const SETUP = `
  CREATE TABLE shop (id int PRIMARY KEY, n int);
  CREATE TABLE shelf (id int PRIMARY KEY, shop int REFERENCES shop ON DELETE CASCADE);
  CREATE TABLE box (id int PRIMARY KEY, shelf int REFERENCES shelf ON DELETE CASCADE);
`;

const RESET = `
  DELETE FROM box; DELETE FROM shelf; DELETE FROM shop;
  INSERT INTO shop VALUES (1, 1), (2, 2);
  INSERT INTO shelf VALUES (1, 1);
  INSERT INTO box VALUES (1, 1);
`;

describe('A hole of images that are read before the change is not there', () => {
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

  it('phantom: a row that comes between a look and the change is captured', async () => {
    const tag = newTag();
    const client = await database.begin(tag);
    const look = await client.query('SELECT FROM shop WHERE n > 0 FOR UPDATE');
    await database.sql('INSERT INTO shop VALUES (3, 3)');

    const change = await client.query('UPDATE shop SET n = -n WHERE n > 0');
    await client.query('COMMIT');

    expect([look.rowCount, change.rowCount]).toEqual([2, 3]);
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('shop')).resolves.toEqual(['(1,1)', '(2,2)', '(3,3)']);
  });

  it('phantom: a row that changes while it is waited for is captured as found', async () => {
    const tag = newTag();
    const outsider = await database.connect();
    await outsider.query('BEGIN; UPDATE shop SET n = 5 WHERE id = 1');
    const waiting = database.branch(tag, 'UPDATE shop SET n = n + 1 WHERE n > 0');
    await database.untilBlocked();
    await outsider.query('COMMIT');
    await waiting;

    await expect(database.rows('shop')).resolves.toEqual(['(1,6)', '(2,3)']);
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('shop')).resolves.toEqual(['(1,5)', '(2,2)']);
  });

  it('cascades: rows that a chain of foreign keys has removed are held and come back', async () => {
    const tag = newTag();
    const before = await database.rows('shop', 'shelf', 'box');
    await database.branch(tag, 'DELETE FROM shop WHERE id = 1');

    const conflict = await conflictOf(database, 'INSERT INTO box VALUES (1, NULL)');

    expect(conflict).toMatchObject({ table: 'public.box', key: '1', holderXid: tag.xid });
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('shop', 'shelf', 'box')).resolves.toEqual(before);
  });

  it('cascades: they stop at a row that another transaction holds', async () => {
    const holder = newTag();
    await database.branch(holder, 'UPDATE box SET shelf = NULL');

    const conflict = await conflictOf(database, 'DELETE FROM shop WHERE id = 1');

    expect(conflict).toMatchObject({ holderXid: holder.xid });
    await expect(database.rollback(holder)).resolves.toEqual(DONE);
    await expect(database.rows('box')).resolves.toEqual(['(1,1)']);
  });

  it('a row inserted, removed and inserted again goes with the rollback', async () => {
    const tag = newTag();
    await database.branch(
      tag,
      'INSERT INTO shop VALUES (9, 1)',
      'DELETE FROM shop WHERE id = 9',
      'INSERT INTO shop VALUES (9, 2)',
    );

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('shop')).resolves.toEqual(['(1,1)', '(2,2)']);
  });
});
