import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag, reasonOf } from './at-database.js';
import { conflictIn, conflictOf, guardedConflictOf } from './holes.js';

const SETUP = `
  CREATE TABLE shop (id int PRIMARY KEY, code text UNIQUE, name text);
  CREATE TABLE sale (id int PRIMARY KEY, shop int REFERENCES shop, n int);
  CREATE TABLE visit (id int PRIMARY KEY, code text REFERENCES shop (code));
  CREATE TABLE shelf (id int PRIMARY KEY, shop bigint REFERENCES shop ON DELETE CASCADE
    ON UPDATE CASCADE);
  CREATE TABLE box (id int PRIMARY KEY, shelf int REFERENCES shelf ON DELETE CASCADE);
  CREATE TABLE guest (id int PRIMARY KEY, shop int REFERENCES shop ON DELETE SET NULL);
  CREATE TABLE promise (id int PRIMARY KEY, shop int REFERENCES shop
    DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree);
  CREATE TABLE hall (a text, b text, PRIMARY KEY (b, a));
  CREATE TABLE seat (id int PRIMARY KEY, x text, y text,
    FOREIGN KEY (x, y) REFERENCES hall (a, b) MATCH FULL);
  CREATE TABLE part (id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
  CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
  CREATE TABLE use (id int, part int, day int, PRIMARY KEY (id, day),
    FOREIGN KEY (part, day) REFERENCES part) PARTITION BY RANGE (day);
  CREATE TABLE use_1 PARTITION OF use FOR VALUES FROM (0) TO (10);
  CREATE TABLE term (code text COLLATE "C" PRIMARY KEY, n int);
  CREATE TABLE gloss (id int PRIMARY KEY, term text COLLATE "POSIX" REFERENCES term
    ON DELETE CASCADE ON UPDATE CASCADE);
`;

const TABLES = 'gloss term use part seat hall tree promise guest box shelf visit sale shop'.split(
  ' ',
);

const RESET = `
  ${TABLES.map((table) => `DELETE FROM ${table};`).join(' ')}
  INSERT INTO shop VALUES (1, 'one', 'n'), (2, 'two', 'n'), (3, 'three', 'n');
  INSERT INTO sale VALUES (1, 1), (2, 2);
  INSERT INTO tree VALUES (1, NULL), (2, 1);
  INSERT INTO hall VALUES ('a', 'b'), ('c', 'd');
  INSERT INTO seat VALUES (1, 'a', 'b');
  INSERT INTO part VALUES (1, 1), (2, 2);
  INSERT INTO use VALUES (1, 1, 1);
`;

describe('Foreign keys', () => {
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

  describe('keep a child from a parent that may have to go again', () => {
    it('with the parent and its holder', async () => {
      const holder = newTag();
      await database.branch(holder, 'INSERT INTO shop VALUES (9)');

      await expect(conflictOf(database, 'INSERT INTO sale VALUES (9, 9)')).resolves.toEqual({
        table: 'public.shop',
        key: '9',
        holderXid: holder.xid,
      });
      await expect(database.rollback(holder)).resolves.toEqual(DONE);
    });

    it.each([
      ['a changed reference', 'INSERT INTO shop VALUES (9)', 'UPDATE sale SET shop = 9'],
      [
        'a key that was changed',
        'UPDATE shop SET id = 9 WHERE id = 3',
        'INSERT INTO sale VALUES (9, 9)',
      ],
      ['another type', 'INSERT INTO shop VALUES (9)', 'INSERT INTO shelf VALUES (9, 9)'],
      [
        'another unique column',
        "INSERT INTO shop VALUES (9, 'nine')",
        "INSERT INTO visit VALUES (9, 'nine')",
      ],
      [
        'another unique column that was changed',
        "UPDATE shop SET code = 'nine' WHERE id = 3",
        "INSERT INTO visit VALUES (9, 'nine')",
      ],
      ['a deferred check', 'INSERT INTO shop VALUES (9)', 'INSERT INTO promise VALUES (9, 9)'],
      ['the same table', 'INSERT INTO tree VALUES (9)', 'INSERT INTO tree VALUES (8, 9)'],
      [
        'a key of two columns in another order',
        "INSERT INTO hall VALUES ('x', 'y')",
        "INSERT INTO seat VALUES (9, 'x', 'y')",
      ],
      ['partitioned tables', 'INSERT INTO part VALUES (9, 9)', 'INSERT INTO use VALUES (9, 9, 9)'],
      ['another collation', "INSERT INTO term VALUES ('x')", "INSERT INTO gloss VALUES (9, 'x')"],
    ])('by %s', async (_what, first, second) => {
      await database.branch(newTag(), first);

      await expect(conflictOf(database, second)).resolves.toMatchObject({
        table: expect.stringMatching(/^public\.(shop|tree|hall|part|term)\b/),
      });
      await expect(guardedConflictOf(database, second)).resolves.toBeDefined();
    });

    it.each([
      [
        'a parent of which something else was changed',
        "UPDATE shop SET name = 'x'",
        'INSERT INTO sale VALUES (9, 3)',
      ],
      [
        'a parent with another key',
        'INSERT INTO shop VALUES (9)',
        'INSERT INTO sale VALUES (9, 3)',
      ],
      ['no reference', 'INSERT INTO shop VALUES (9)', 'INSERT INTO sale VALUES (9, NULL)'],
      ['a reference that stays', 'DELETE FROM sale WHERE id = 1', 'UPDATE sale SET n = 1'],
    ])('but not from %s', async (_what, first, second) => {
      await database.branch(newTag(), first);

      await expect(conflictOf(database, second)).resolves.toBeUndefined();
    });

    it('but not from one of the same transaction', async () => {
      const first = newTag();
      const second = newTag(first.xid);
      await database.branch(first, 'INSERT INTO shop VALUES (9)');
      await database.branch(second, 'INSERT INTO sale VALUES (9, 9)');

      await expect(database.rollback(second)).resolves.toEqual(DONE);
      await expect(database.rollback(first)).resolves.toEqual(DONE);
    });

    it('that is on its way when the child comes', async () => {
      const tag = newTag();
      const holder = await database.begin(tag);
      await holder.query('INSERT INTO shop VALUES (9)');
      const waiting = conflictOf(database, 'INSERT INTO sale VALUES (9, 9)');
      await database.untilBlocked();
      await holder.query('COMMIT');

      await expect(waiting).resolves.toMatchObject({ holderXid: tag.xid });
    });

    it('and leave the error of the database to a parent that is not there', async () => {
      const error = await failureOf(database.branch(newTag(), 'INSERT INTO sale VALUES (9, 9)'));

      expect(error).toMatchObject({ code: '23503' });
    });

    it('that may still come where the check is deferred', async () => {
      const tag = newTag();
      const before = await database.rows('shop', 'promise');
      await database.branch(
        tag,
        'INSERT INTO promise VALUES (9, 9)',
        'INSERT INTO shop VALUES (9)',
      );

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.rows('shop', 'promise')).resolves.toEqual(before);
    });
  });

  describe('keep a parent while a child may have to come back', () => {
    it('with the child and its holder', async () => {
      const holder = newTag();
      await database.branch(holder, 'DELETE FROM sale WHERE id = 1');

      await expect(conflictOf(database, 'DELETE FROM shop WHERE id = 1')).resolves.toEqual({
        table: 'public.sale (sale_shop_fkey)',
        key: '1 < 1',
        holderXid: holder.xid,
      });
      await expect(database.rollback(holder)).resolves.toEqual(DONE);
    });

    const AWAY = 'UPDATE sale SET shop = 3 WHERE id = 1';

    it.each([
      ['a reference that was changed', '', AWAY, 'DELETE FROM shop WHERE id = 1'],
      [
        'a reference that was given up',
        '',
        'UPDATE sale SET shop = NULL',
        'DELETE FROM shop WHERE id = 1',
      ],
      ['a change of the key', '', AWAY, 'UPDATE shop SET id = 9 WHERE id = 1'],
      [
        'another type',
        'INSERT INTO shelf VALUES (1, 3)',
        'DELETE FROM shelf',
        'DELETE FROM shop WHERE id = 3',
      ],
      [
        'another unique column',
        "INSERT INTO visit VALUES (1, 'three')",
        'DELETE FROM visit',
        "UPDATE shop SET code = 'x' WHERE id = 3",
      ],
      [
        'a cascade',
        'INSERT INTO shelf VALUES (1, 3); INSERT INTO box VALUES (1, 1)',
        'DELETE FROM box',
        'DELETE FROM shop WHERE id = 3',
      ],
      [
        'a reference that a cascade empties',
        'INSERT INTO guest VALUES (1, 3)',
        'DELETE FROM guest',
        'DELETE FROM shop WHERE id = 3',
      ],
      [
        'a deferred check',
        'INSERT INTO promise VALUES (1, 3)',
        'DELETE FROM promise',
        'DELETE FROM shop WHERE id = 3',
      ],
      ['the same table', '', 'DELETE FROM tree WHERE id = 2', 'DELETE FROM tree WHERE id = 1'],
      [
        'a key of two columns in another order',
        '',
        'DELETE FROM seat',
        "DELETE FROM hall WHERE a = 'a'",
      ],
      ['partitioned tables', '', 'DELETE FROM use', 'DELETE FROM part WHERE id = 1'],
      [
        'another collation',
        "INSERT INTO term VALUES ('x'), ('w'); INSERT INTO gloss VALUES (1, 'x'), (2, 'w')",
        'DELETE FROM gloss WHERE id = 1',
        "UPDATE term SET code = 'y' WHERE code = 'x'",
      ],
    ])('by %s', async (_what, before, first, second) => {
      await database.sql(before);
      await database.branch(newTag(), first);

      await expect(conflictOf(database, second)).resolves.toMatchObject({
        table: expect.stringContaining('_fkey)'),
      });
      await expect(guardedConflictOf(database, second)).resolves.toBeDefined();
    });

    it.each([
      ['another parent', 'DELETE FROM sale WHERE id = 1', 'DELETE FROM shop WHERE id = 3'],
      [
        'a parent whose key begins alike',
        'DELETE FROM sale WHERE id = 1',
        'DELETE FROM shop WHERE id = 11',
      ],
      [
        'a parent that keeps its key',
        'DELETE FROM sale WHERE id = 1',
        "UPDATE shop SET name = 'x'",
      ],
    ])('but not %s', async (_what, first, second) => {
      await database.sql('INSERT INTO shop VALUES (11)');
      await database.branch(newTag(), first);

      await expect(conflictOf(database, second)).resolves.toBeUndefined();
    });

    it('but not from its own transaction', async () => {
      const first = newTag();
      const second = newTag(first.xid);
      const before = await database.rows('shop', 'sale');
      await database.branch(first, 'DELETE FROM sale WHERE id = 1');
      await database.branch(second, 'DELETE FROM shop WHERE id = 1');

      await expect(database.rollback(second)).resolves.toEqual(DONE);
      await expect(database.rollback(first)).resolves.toEqual(DONE);
      await expect(database.rows('shop', 'sale')).resolves.toEqual(before);
    });

    it.each([
      ['at once', 'sale', 'sale_shop_fkey'],
      ['at the end', 'promise', 'promise_shop_fkey'],
    ])('that is on its way out when the parent goes, checked %s', async (_when, child, name) => {
      await database.sql(`INSERT INTO ${child} VALUES (7, 3)`);
      const tag = newTag();
      const holder = await database.begin(tag);
      await holder.query(`DELETE FROM ${child} WHERE id = 7`);
      const waiting = conflictOf(database, 'DELETE FROM shop WHERE id = 3');
      await database.untilBlocked();
      await holder.query('COMMIT');

      await expect(waiting).resolves.toMatchObject({ table: `public.${child} (${name})` });
    });

    it('also when the snapshot is older than the lock', async () => {
      const client = await database.connect();
      const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
      await client.query(`${begin}; ${database.engine.tagStatement(newTag())}`);
      await client.query('SELECT FROM shop');
      await database.branch(newTag(), 'DELETE FROM sale WHERE id = 1');

      const error = await failureOf(client.query('DELETE FROM shop WHERE id = 1'));

      expect(error).toMatchObject({ code: '40001' });
      expect(conflictIn(database, error)).toMatchObject({ table: 'public.sale' });
    });
  });

  describe('of another collation than their parent', () => {
    it('are carried along, and back', async () => {
      await database.sql(`
        INSERT INTO term VALUES ('a', 1), ('b', 2);
        INSERT INTO gloss VALUES (1, 'a'), (2, 'b');`);
      const before = await database.rows('term', 'gloss');
      const tag = newTag();
      await database.branch(
        tag,
        "UPDATE term SET code = 'z' WHERE code = 'a'",
        "DELETE FROM term WHERE code = 'b'",
        "INSERT INTO term VALUES ('c', 3)",
        "INSERT INTO gloss VALUES (3, 'c')",
      );

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.rows('term', 'gloss')).resolves.toEqual(before);
    });

    it('keep their parent when they are of others', async () => {
      const tag = newTag();
      await database.branch(tag, "INSERT INTO term VALUES ('c', 3)");
      await database.sql("INSERT INTO gloss VALUES (1, 'c')");

      expect(reasonOf(await database.rollback(tag))).toContain(
        'public.term c: rows that are not part of the transaction refer to it',
      );
      await expect(database.rows('term', 'gloss')).resolves.toEqual(['(c,3)', '(1,c)']);
    });
  });

  describe('that are not enforced', () => {
    beforeAll(async () => {
      // Servers before 18 have none; without any foreign key the same has to be true.
      const [server] = await database.sql("SELECT current_setting('server_version_num') AS is");
      const isKnown = Number(server?.['is']) >= 180_000;
      const reference = isKnown ? 'REFERENCES brand ON DELETE CASCADE NOT ENFORCED' : '';
      await database.sql(`
        CREATE TABLE brand (id int PRIMARY KEY, n int);
        CREATE TABLE model (id int PRIMARY KEY, brand int ${reference});`);
      await database.engine.install();
    });

    beforeEach(async () => {
      await database.sql('DELETE FROM model; DELETE FROM brand; INSERT INTO model VALUES (1, 5)');
    });

    it('do not keep a row that a rollback has to delete', async () => {
      const tag = newTag();
      await database.branch(tag, 'INSERT INTO brand VALUES (5, 1)');

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.rows('brand', 'model')).resolves.toEqual(['(1,5)']);
    });

    it.each([
      ['a child', 'INSERT INTO brand VALUES (6, 1)', 'INSERT INTO model VALUES (2, 6)'],
      ['a parent', 'DELETE FROM model', 'INSERT INTO brand VALUES (5, 1); DELETE FROM brand'],
    ])('do not keep %s from anything', async (_what, first, second) => {
      await database.branch(newTag(), first);

      await expect(conflictOf(database, ...second.split('; '))).resolves.toBeUndefined();
    });
  });
});
