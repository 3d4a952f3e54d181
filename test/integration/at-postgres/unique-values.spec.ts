import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag } from './at-database.js';
import { conflictIn, conflictOf } from './holes.js';

const SETUP = `
  CREATE EXTENSION citext;
  CREATE EXTENSION btree_gist;
  CREATE COLLATION anycase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE SCHEMA tools;
  CREATE FUNCTION tools.short(value text) RETURNS text IMMUTABLE LANGUAGE sql
    AS 'SELECT left(value, 3)';
  CREATE TABLE plain (id int PRIMARY KEY, n int);
  CREATE TABLE account (id int PRIMARY KEY, owner text UNIQUE, balance int);
  CREATE TABLE seat (id int PRIMARY KEY, hall text, place text, UNIQUE (hall, place));
  CREATE TABLE task (id int PRIMARY KEY, name text, tag text, done boolean DEFAULT false);
  CREATE UNIQUE INDEX task_open ON task (name) WHERE NOT done;
  CREATE TABLE word (id int PRIMARY KEY, tag text, old_value text);
  CREATE UNIQUE INDEX word_short ON word (lower(tag), tools.short(old_value));
  CREATE TABLE late (id int PRIMARY KEY, name text UNIQUE DEFERRABLE INITIALLY DEFERRED);
  CREATE TABLE wide (id int PRIMARY KEY, code int, note text, UNIQUE (code) INCLUDE (note));
  CREATE TABLE mail (id int PRIMARY KEY, address citext UNIQUE);
  CREATE TABLE label (id int PRIMARY KEY, name text COLLATE anycase UNIQUE);
  CREATE TABLE nick (name text COLLATE anycase PRIMARY KEY, n int);
  CREATE TABLE span (id int PRIMARY KEY, length interval UNIQUE, list int[] UNIQUE);
  CREATE TABLE price (id int PRIMARY KEY, amount numeric UNIQUE, rate float8 UNIQUE,
    name name UNIQUE);
  CREATE TABLE stay (id int PRIMARY KEY, room int, guest text, during int4range,
    EXCLUDE USING gist (room WITH =, during WITH &&));
  CREATE TABLE zone (id int PRIMARY KEY, area int4range, EXCLUDE USING gist (area WITH &&));
  CREATE DOMAIN stretch AS numrange;
  CREATE TABLE road (id int PRIMARY KEY, part stretch UNIQUE);
  CREATE TABLE lane (part stretch PRIMARY KEY, n int);
  CREATE FUNCTION small(value text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower(value)';
  CREATE FUNCTION trimmed(value text) RETURNS text IMMUTABLE LANGUAGE plpgsql
    AS 'BEGIN RETURN small(trim(value)); END';
  CREATE TABLE slug (id int PRIMARY KEY, name text);
  CREATE UNIQUE INDEX ON slug (trimmed(name));
  CREATE TABLE lone (id int PRIMARY KEY, code text, UNIQUE NULLS NOT DISTINCT (code));
  CREATE TABLE event (id int, day int, code text, PRIMARY KEY (id, day), UNIQUE (code, day))
    PARTITION BY RANGE (day);
  CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
  CREATE TABLE event_2 (code text, day int NOT NULL, id int NOT NULL);
  ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES FROM (10) TO (20);
`;

const TABLES = [
  ...'plain account seat task word late wide mail label nick span price'.split(' '),
  ...'stay zone road lane slug lone event'.split(' '),
];

const RESET = `
  ${TABLES.map((table) => `DELETE FROM ${table};`).join(' ')}
  INSERT INTO plain VALUES (1, 1);
  INSERT INTO account VALUES (1, 'ada', 100), (2, 'ben', 100), (3, NULL, 100);
  INSERT INTO seat VALUES (1, 'a_b', 'c'), (2, 'x', NULL);
  INSERT INTO task VALUES (1, 'wash', 't', false), (2, 'cook', 't', true);
  INSERT INTO word VALUES (1, 'Sea', 'shell'), (2, 'Sun', 'shine');
  INSERT INTO late VALUES (1, 'x');
  INSERT INTO wide VALUES (1, 7, 'n');
  INSERT INTO mail VALUES (1, 'Ada@x');
  INSERT INTO label VALUES (1, 'Red');
  INSERT INTO nick VALUES ('Ann', 1);
  INSERT INTO span VALUES (1, '1 day', '{1,2}');
  INSERT INTO price VALUES (1, 1.0, 0, 'n');
  INSERT INTO stay VALUES (1, 5, 'ada', '[1,5)');
  INSERT INTO zone VALUES (1, '[1,5)');
  INSERT INTO road VALUES (1, '[1,2)');
  INSERT INTO lane VALUES ('[1,2)', 1);
  INSERT INTO slug VALUES (1, ' A ');
  INSERT INTO lone VALUES (1, NULL);
  INSERT INTO event VALUES (1, 5, 'c'), (1, 15, 'd');
`;

describe('Values of unique indexes are locks', () => {
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

  it('with the name of the index, the value and the holder', async () => {
    const holder = newTag();
    await database.branch(holder, 'DELETE FROM account WHERE id = 1');

    const conflict = await conflictOf(database, "INSERT INTO account VALUES (9, 'ada', 0)");

    expect(conflict).toEqual({
      table: 'public.account (account_owner_key)',
      key: 'ada',
      holderXid: holder.xid,
    });
  });

  it.each([
    ['deleted', ['DELETE FROM account WHERE id = 1'], 'ada'],
    ['changed', ["UPDATE account SET owner = 'new' WHERE id = 1"], 'ada'],
    [
      'inserted and deleted',
      ["INSERT INTO account VALUES (4, 'dot', 0)", 'DELETE FROM account WHERE id = 4'],
      'dot',
    ],
    [
      'changed there and back',
      [
        "UPDATE account SET owner = 'dot' WHERE id = 1",
        "UPDATE account SET owner = 'ada' WHERE id = 1",
      ],
      'dot',
    ],
  ])('of a row that was %s', async (_what, statements, value) => {
    await database.branch(newTag(), ...statements);

    const conflict = await conflictOf(database, `INSERT INTO account VALUES (9, '${value}', 0)`);

    expect(conflict).toMatchObject({ key: value });
  });

  it('so that what a rollback needs is never taken', async () => {
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM account WHERE id = 1');
    await conflictOf(database, "UPDATE account SET owner = 'ada' WHERE id = 2");

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('account')).resolves.toContain('(1,ada,100)');
  });

  it.each([
    ['a composite key', 'DELETE FROM seat', "INSERT INTO seat VALUES (9, 'a_b', 'c')"],
    ['a partial index', 'DELETE FROM task', "INSERT INTO task VALUES (9, 'wash')"],
    [
      'a row that leaves a partial index',
      'UPDATE task SET done = true',
      "INSERT INTO task VALUES (9, 'wash')",
    ],
    [
      'a row that enters a partial index',
      'UPDATE task SET done = false WHERE id = 2; DELETE FROM task WHERE id = 2',
      "INSERT INTO task VALUES (9, 'cook')",
    ],
    [
      'an expression index',
      'DELETE FROM word',
      "INSERT INTO word VALUES (9, 'SEA', 'shell by the sea')",
    ],
    ['a deferred constraint', 'DELETE FROM late', "INSERT INTO late VALUES (9, 'x')"],
    ['an index with further columns', 'DELETE FROM wide', 'INSERT INTO wide VALUES (9, 7)'],
    ['citext', 'DELETE FROM mail', "INSERT INTO mail VALUES (9, 'ADA@X')"],
    ['a collation that ignores case', 'DELETE FROM label', "INSERT INTO label VALUES (9, 'RED')"],
    ['a primary key that ignores case', 'DELETE FROM nick', "INSERT INTO nick VALUES ('ANN', 9)"],
    ['intervals that are equal', 'DELETE FROM span', "INSERT INTO span VALUES (9, '24 hours')"],
    ['arrays', 'DELETE FROM span', "INSERT INTO span VALUES (9, NULL, '{1,2}')"],
    ['numbers that are equal', 'DELETE FROM price', 'INSERT INTO price VALUES (9, 1.000)'],
    ['zero and minus zero', 'DELETE FROM price', "INSERT INTO price VALUES (9, 9, '-0')"],
    ['a NULL that is not distinct', 'DELETE FROM lone', 'INSERT INTO lone VALUES (9)'],
    ['names', 'DELETE FROM price', "INSERT INTO price VALUES (9, 9, 9, 'n')"],
    ['a range that overlaps', 'DELETE FROM stay', "INSERT INTO stay VALUES (9, 5, 'x', '[4,9)')"],
    [
      'a range that was moved',
      "UPDATE stay SET during = '[7,9)'",
      "INSERT INTO stay VALUES (9, 5, 'x', '[4,6)')",
    ],
    ['a range without a room', 'DELETE FROM zone', "INSERT INTO zone VALUES (9, '[4,9)')"],
    [
      'ranges of a domain that are equal',
      'DELETE FROM road',
      "INSERT INTO road VALUES (9, '[1.0,2.00)')",
    ],
    [
      'a primary key of such ranges',
      'DELETE FROM lane',
      "INSERT INTO lane VALUES ('[1.0,2.00)', 9)",
    ],
    [
      'a partitioned table',
      'DELETE FROM event WHERE day < 9',
      "INSERT INTO event VALUES (9, 5, 'c')",
    ],
    ['a partition of another shape', 'DELETE FROM event', "INSERT INTO event VALUES (9, 15, 'd')"],
  ])('for %s', async (_what, first, second) => {
    await database.branch(newTag(), ...first.split('; '));

    await expect(conflictOf(database, second)).resolves.toMatchObject({
      table: expect.stringMatching(/^public\.\w+ \(\w+\)$/),
    });
  });

  it.each([
    ['NULL', 'DELETE FROM account WHERE id = 3', 'INSERT INTO account VALUES (9, NULL, 0)'],
    [
      'a key of which a part is NULL',
      'DELETE FROM seat WHERE id = 2',
      "INSERT INTO seat VALUES (9, 'x', NULL)",
    ],
    [
      'composite values that only look alike',
      'DELETE FROM seat',
      "INSERT INTO seat VALUES (9, 'a', 'b_c')",
    ],
    [
      'a row that a partial index leaves out',
      'DELETE FROM task WHERE id = 2',
      "INSERT INTO task VALUES (9, 'cook')",
    ],
    [
      'a change of other columns',
      'UPDATE account SET balance = 0 WHERE id = 1',
      "INSERT INTO account VALUES (9, 'new', 0)",
    ],
    ['the empty text for NULL', 'DELETE FROM lone', "INSERT INTO lone VALUES (9, '')"],
    ['a range of another room', 'DELETE FROM stay', "INSERT INTO stay VALUES (9, 6, 'x', '[4,9)')"],
    [
      'a change beside a range',
      "UPDATE stay SET guest = 'x'",
      "INSERT INTO stay VALUES (9, 5, 'x', '[7,9)')",
    ],
  ])('but not %s', async (_what, first, second) => {
    await database.branch(newTag(), first);

    await expect(conflictOf(database, second)).resolves.toBeUndefined();
  });

  it('unless a function of the index finds nothing, until it has a search path', async () => {
    const error = await failureOf(database.branch(newTag(), 'DELETE FROM slug'));
    const met = database.engine.explain(error);
    await database.sql('ALTER FUNCTION trimmed(text) SET search_path = public');
    await database.branch(newTag(), 'DELETE FROM slug');

    expect(met).toEqual({
      kind: 'refused',
      reason: expect.stringContaining('ALTER FUNCTION trimmed(text) SET search_path'),
    });
    await expect(conflictOf(database, "INSERT INTO slug VALUES (9, 'a')")).resolves.toMatchObject({
      table: 'public.slug (slug_trimmed_idx)',
      key: 'a',
    });
  });

  it('that a branch of the same transaction may take', async () => {
    const first = newTag();
    const second = newTag(first.xid);
    const before = await database.rows('account');
    await database.branch(first, 'DELETE FROM account WHERE id = 1');
    await database.branch(second, "INSERT INTO account VALUES (9, 'ada', 0)");

    await expect(database.rollback(second)).resolves.toEqual(DONE);
    await expect(database.rollback(first)).resolves.toEqual(DONE);

    await expect(database.rows('account')).resolves.toEqual(before);
    await expect(database.sql('SELECT * FROM dtx.undo_row')).resolves.toEqual([]);
  });

  it('that a commit sets free', async () => {
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM account WHERE id = 1');
    await database.commit(tag);

    const conflict = await conflictOf(database, "INSERT INTO account VALUES (9, 'ada', 0)");

    expect(conflict).toBeUndefined();
  });

  it('that a savepoint takes back', async () => {
    await database.branch(
      newTag(),
      'SAVEPOINT a',
      'DELETE FROM account WHERE id = 1',
      'ROLLBACK TO a',
      'UPDATE account SET balance = 0 WHERE id = 2',
    );

    await expect(
      conflictOf(database, "UPDATE account SET owner = 'x' WHERE id = 1"),
    ).resolves.toBeUndefined();
  });

  it('that stay while a row of the branch is left, and go with the last one', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET owner = owner || 2 WHERE id < 3');
    await database.sql('UPDATE account SET balance = 7 WHERE id = 1');

    const outcome = await database.rollback(tag);
    const locks = await database.sql('SELECT pk FROM dtx.undo_row WHERE shape = 0 ORDER BY pk');
    await database.sql('DELETE FROM dtx.undo_row WHERE shape <> 0');

    expect(outcome).toEqual({
      kind: 'cannot',
      error: expect.stringMatching(
        /public\.account 1: the row was changed by a writer outside of the transaction\.$/,
      ),
    });
    expect(locks.map(({ pk }) => pk)).toEqual(['ada', 'ada2', 'ben', 'ben2']);
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toEqual([]);
  });

  it('that a transaction with an older snapshot meets too', async () => {
    const client = await database.connect();
    const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
    await client.query(`${begin}; ${database.engine.tagStatement(newTag())}`);
    await client.query('SELECT FROM account');
    await database.branch(newTag(), 'DELETE FROM account WHERE id = 1');

    const error = await failureOf(client.query("INSERT INTO account VALUES (9, 'ada', 0)"));

    expect(error).toMatchObject({ code: '40001' });
    expect(conflictIn(database, error)).toMatchObject({
      table: 'public.account (account_owner_key)',
    });
  });

  it('that are waited for while their holder works, also behind deferred constraints', async () => {
    const tag = newTag();
    const holder = await database.begin(tag);
    await holder.query('DELETE FROM late');
    const waiting = conflictOf(database, "INSERT INTO late VALUES (9, 'x')");
    await database.untilBlocked();
    await holder.query('COMMIT');

    await expect(waiting).resolves.toMatchObject({ holderXid: tag.xid });
  });

  it('that cost nothing where there is no index: one undo row for one row', async () => {
    await database.branch(newTag(), 'UPDATE plain SET n = 2', 'INSERT INTO plain VALUES (2, 2)');

    await expect(database.sql('SELECT FROM dtx.undo_row')).resolves.toHaveLength(2);
  });

  it('restores values that were swapped', async () => {
    const tag = newTag();
    const before = await database.rows('account');
    await database.branch(
      tag,
      "UPDATE account SET owner = 'tmp' WHERE id = 1",
      "UPDATE account SET owner = 'ada' WHERE id = 2",
      "UPDATE account SET owner = 'ben' WHERE id = 1",
    );

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('account')).resolves.toEqual(before);
  });
});
