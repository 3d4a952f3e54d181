import { GUARDED } from '../../../lib/resource/at/index.js';
import type { Mark } from '../../../lib/resource/at/index.js';
import { CLEAR_TAG } from '../../../lib/resource/at/mysql/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, UNDO_ROWS, createAtDatabase, failureOf, newTag } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, owner varchar(20), city varchar(20), n int,
    UNIQUE KEY by_owner (owner), UNIQUE KEY by_city (city(3), n));
  CREATE TABLE parent (id int PRIMARY KEY, code varchar(10) UNIQUE);
  CREATE TABLE child (id int PRIMARY KEY, parent_id int, code varchar(10),
    CONSTRAINT by_id FOREIGN KEY (parent_id) REFERENCES parent (id) ON UPDATE CASCADE,
    CONSTRAINT by_code FOREIGN KEY (code) REFERENCES parent (code));
  CREATE TABLE node (id int PRIMARY KEY, up int, FOREIGN KEY (up) REFERENCES node (id)
    ON DELETE CASCADE);
`;

const RESET = `
  DELETE FROM child; DELETE FROM parent; DELETE FROM account; DELETE FROM node WHERE up IS NOT NULL;
  DELETE FROM node;
  INSERT INTO account VALUES (1, 'ann', 'Berlin', 1), (2, NULL, NULL, 2), (3, 'cid', 'Bonn', 3);
  INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c');
  INSERT INTO child VALUES (10, 1, NULL), (11, NULL, 'b');
  INSERT INTO node VALUES (1, NULL), (2, 1), (3, 3);
`;

const LEVELS = ['READ COMMITTED', 'REPEATABLE READ'];

describeMariadb('What a transaction holds beside its rows', () => {
  let database: AtDatabase;

  /** What the second transaction meets after the first. */
  const meets = async (first: string, second: string, level: string): Promise<unknown> => {
    const tag = newTag();
    await database.branch(tag, first);
    const connection = await database.connect(`SESSION TRANSACTION ISOLATION LEVEL ${level}`);
    await connection.query(`${database.engine.tagStatement(newTag())}, autocommit = 0`);
    const error = await failureOf(connection.query(second));
    await connection.query('ROLLBACK');
    const met = database.engine.explain(error);
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    return met?.kind === 'lock-conflict' ? [met.conflict.table, met.conflict.key] : error;
  };

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  describe.each(LEVELS)('at %s', (level) => {
    it.each([
      [
        'deleted',
        'DELETE FROM account WHERE id = 1',
        "INSERT INTO account (id, owner) VALUES (5, 'ANN')",
      ],
      [
        'changed',
        "UPDATE account SET owner = 'x' WHERE id = 1",
        "UPDATE account SET owner = 'ann' WHERE id = 2",
      ],
    ])('a unique value that is %s', async (_how, first, second) => {
      await expect(meets(first, second, level)).resolves.toMatchObject([
        'account (by_owner)',
        /ann/i,
      ]);
    });

    it('values of several columns, of which one is held in part', async () => {
      const met = await meets(
        "UPDATE account SET city = 'x' WHERE id = 1",
        "INSERT INTO account (id, city, n) VALUES (6, 'Bergen', 1)",
        level,
      );

      expect(met).toEqual(['account (by_city)', 'Ber, 1']);
    });

    it('a parent that it has brought', async () => {
      const met = await meets(
        "INSERT INTO parent VALUES (9, 'z')",
        'INSERT INTO child VALUES (20, 9, NULL)',
        level,
      );

      expect(met).toEqual(['parent', '9']);
    });

    it('a parent that it has brought, by another key', async () => {
      const met = await meets(
        "INSERT INTO parent VALUES (9, 'z')",
        "UPDATE child SET code = 'z' WHERE id = 11",
        level,
      );

      expect(met).toEqual(['parent (code)', 'z']);
    });

    it.each([
      ['went', 'DELETE FROM child WHERE id = 10'],
      ['changed its mind', 'UPDATE child SET parent_id = 2 WHERE id = 10'],
    ])('the parent of a child that %s', async (_how, first) => {
      const met = await meets(first, 'DELETE FROM parent WHERE id = 1', level);

      expect(met).toMatchObject(['child (by_id)', '1']);
    });
  });

  it('no NULL', async () => {
    const error = await meets(
      'UPDATE account SET n = 5 WHERE id = 2',
      'INSERT INTO account (id, n) VALUES (8, 5)',
      LEVELS[0]!,
    );

    expect(error).toBeUndefined();
  });

  it('nothing when it commits', async () => {
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM account WHERE id = 1', 'DELETE FROM child');

    await expect(database.commit(tag)).resolves.toEqual(DONE);
    await expect(database.rows('dtx_undo_row')).resolves.toEqual([]);
  });

  it('refuses to change a key that a foreign key would carry on', async () => {
    const error = await failureOf(
      database.branch(newTag(), 'UPDATE parent SET id = 7 WHERE id = 1'),
    );

    const { kind, reason } = database.engine.explain(error) as { kind: string; reason?: string };
    expect(kind).toBe('refused');
    expect(reason).toContain('would carry the new key of a row of parent on');
  });

  it('refuses a cascade within one table, and lets a row that has nobody below it go', async () => {
    const error = await failureOf(database.branch(newTag(), 'DELETE FROM node WHERE id = 1'));
    await database.branch(newTag(), 'DELETE FROM node WHERE id = 3');

    expect(database.engine.explain(error)).toMatchObject({ kind: 'refused' });
    await expect(database.rows('node')).resolves.toEqual(['[1,null]', '[2,1]']);
  });

  it('stops guarded work at rows, values and parents that anybody holds', async () => {
    const holder = newTag();
    await database.branch(
      holder,
      "UPDATE account SET owner = 'x' WHERE id = 1",
      "INSERT INTO parent VALUES (9, 'z')",
    );
    const errors = [
      await failureOf(database.branch(GUARDED, 'UPDATE account SET n = 9 WHERE id = 1')),
      await failureOf(
        database.branch(GUARDED, "INSERT INTO account (id, owner) VALUES (6, 'ann')"),
      ),
      await failureOf(database.branch(GUARDED, 'INSERT INTO child VALUES (20, 9, NULL)')),
    ];
    await database.branch(GUARDED, 'UPDATE account SET n = 9 WHERE id = 2', 'DELETE FROM child');

    const kinds = errors.map((error) => database.engine.explain(error));
    expect(kinds).toMatchObject([
      { conflict: { table: 'account', key: '1', holderXid: holder.xid } },
      { conflict: { table: 'account (by_owner)', key: 'ann' } },
      { conflict: { table: 'parent', key: '9' } },
    ]);
    const held = await database.sql("SELECT 1 FROM dtx_undo_row WHERE xid = 'guarded'");
    expect(held).toEqual([]);
  });

  it('is a name of its own for tables whose names do not fit into a message', async () => {
    const table = 't'.repeat(60);
    await database.sql(`CREATE TABLE ${table} (id varchar(100) PRIMARY KEY)`);
    await database.engine.install();
    const holder = newTag();
    await database.branch(holder, `INSERT INTO ${table} VALUES ('${'k'.repeat(90)}')`);

    const error = await failureOf(database.branch(newTag(), `DELETE FROM ${table}`));

    expect(database.engine.explain(error)).toMatchObject({
      conflict: { table, key: expect.stringMatching(/^#[0-9a-f]{16}$/), holderXid: holder.xid },
    });
    expect((error as Error).message.length).toBeLessThanOrEqual(128);
  });
});

describeMariadb('A guard', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP, { guard: true });
    await database.sql(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it('stops writers without a mark while the row is held, and nobody of ours', async () => {
    const tag = newTag();
    await database.branch(tag, 'UPDATE account SET n = 50 WHERE id = 1');

    const error = await failureOf(database.sql('UPDATE account SET n = 60 WHERE id = 1'));
    await database.sql('UPDATE account SET n = 70 WHERE id = 3');

    expect(error).toMatchObject({ sqlState: '45002' });
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await database.sql('UPDATE account SET n = 60 WHERE id = 1');
    await expect(database.rows('account')).resolves.toContain('[1,"ann","Berlin",60]');
  });

  it('stores the ids of branches exactly, whatever the session has done before', async () => {
    const session = await database.begin(GUARDED);
    const tags = [newTag(), { ...newTag(), branchId: '9223372036854775807' }];
    const marks: readonly Mark[] = [GUARDED, tags[0]!, GUARDED, tags[1]!];
    for (const [index, mark] of marks.entries()) {
      await session.query(database.engine.tagStatement(mark));
      await session.query(`INSERT INTO parent VALUES (${10 + index}, NULL)`);
      await session.query('COMMIT');
    }

    await expect(
      database.sql(`SELECT xid, CAST(branch AS CHAR) AS branchId FROM ${UNDO_ROWS} ORDER BY seq`),
    ).resolves.toEqual(tags);
    await Promise.all(tags.map((tag) => database.commit(tag)));
  });

  it.each([
    ['the global lock', () => database.engine.tagStatement(GUARDED)],
    ['no mark', () => `SET ${CLEAR_TAG}`],
  ])('takes what a session does behind a branch under %s for no branch', async (_case, mark) => {
    const tag = newTag();
    const session = await database.begin(tag);
    await session.query('UPDATE account SET n = n + 1 WHERE id = 2');
    await session.query('COMMIT');

    await session.query(mark());
    await session.query('UPDATE account SET n = n + 1 WHERE id = 3');
    await session.query('COMMIT');

    await expect(database.sql(`SELECT pk FROM ${UNDO_ROWS}`)).resolves.toEqual([{ pk: '2' }]);
    await expect(database.commit(tag)).resolves.toEqual(DONE);
  });
});
