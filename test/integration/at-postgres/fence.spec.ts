import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag } from './at-database.js';

const SETUP = 'CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)';
const RESET = 'TRUNCATE account; INSERT INTO account VALUES (1, 100), (2, 200)';

describe('The fence', () => {
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

  describe('of a branch that phase two has overtaken', () => {
    it('fails at the first write', async () => {
      const tag = newTag();
      await expect(database.rollback(tag)).resolves.toEqual(DONE);

      const error = await failureOf(database.branch(tag, 'UPDATE account SET balance = 0'));

      expect(database.engine.explain(error)).toEqual({ kind: 'fenced' });
      await expect(database.rows('account')).resolves.toEqual(['(1,100)', '(2,200)']);
    });

    it('makes phase two wait for a local transaction that is open, and then undo it', async () => {
      const tag = newTag();
      const client = await database.begin(tag);
      await client.query('UPDATE account SET balance = 0');
      const rollback = database.rollback(tag);
      await database.untilBlocked();
      await client.query('COMMIT');

      await expect(rollback).resolves.toEqual(DONE);
      await expect(database.rows('account')).resolves.toEqual(['(1,100)', '(2,200)']);
    });

    it('makes phase two try again later when the local transaction stays open', async () => {
      const tag = newTag();
      const client = await database.begin(tag);
      await client.query('UPDATE account SET balance = 0');

      await expect(database.rollback(tag)).resolves.toMatchObject({ kind: 'retry' });
    });
  });

  describe('tells what has become of a local commit whose answer was lost:', () => {
    it('it has happened', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 0');

      await expect(database.engine.resolveLocalCommit(tag)).resolves.toBe('committed');
      await expect(database.engine.resolveLocalCommit(tag)).resolves.toBe('committed');
    });

    it('it has happened and was undone since', async () => {
      const tag = newTag();
      await database.branch(tag, 'UPDATE account SET balance = 0');
      await database.rollback(tag);

      await expect(database.engine.resolveLocalCommit(tag)).resolves.toBe('committed');
    });

    it('it has not, and never will', async () => {
      const tag = newTag();
      await expect(database.engine.resolveLocalCommit(tag)).resolves.toBe('rolled-back');

      const error = await failureOf(database.branch(tag, 'UPDATE account SET balance = 0'));

      expect(database.engine.explain(error)).toEqual({ kind: 'fenced' });
      await expect(database.engine.resolveLocalCommit(tag)).resolves.toBe('rolled-back');
    });

    it('it waits for a commit that is under way', async () => {
      const tag = newTag();
      const client = await database.begin(tag);
      await client.query('UPDATE account SET balance = 0');
      const answer = database.engine.resolveLocalCommit(tag);
      await database.untilBlocked();
      await client.query('COMMIT');

      await expect(answer).resolves.toBe('committed');
    });
  });
});
