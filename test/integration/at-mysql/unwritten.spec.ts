import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

const SETUP = `
  CREATE TABLE note (id int PRIMARY KEY, text varchar(20) COLLATE utf8mb4_general_ci, n double,
    place point NULL, doc json NULL, code int UNIQUE,
    touched datetime(6) NULL ON UPDATE CURRENT_TIMESTAMP(6));
  CREATE TABLE member (team int, person int, PRIMARY KEY (team, person));
  CREATE TABLE seat (id int PRIMARY KEY, place varchar(9) COLLATE utf8mb4_general_ci UNIQUE, n int);
  CREATE TABLE parent (id int PRIMARY KEY, v int, code int NULL UNIQUE);
  CREATE TABLE child (id int PRIMARY KEY, parent int, v int,
    FOREIGN KEY (parent) REFERENCES parent (id));
  CREATE TABLE word (id varchar(9) COLLATE utf8mb4_general_ci PRIMARY KEY, n int,
    code varchar(9) COLLATE utf8mb4_general_ci UNIQUE);
  CREATE TABLE use_of_word (id int PRIMARY KEY, word varchar(9) COLLATE utf8mb4_general_ci,
    code varchar(9) COLLATE utf8mb4_general_ci, FOREIGN KEY (word) REFERENCES word (id),
    FOREIGN KEY (code) REFERENCES word (code));
  CREATE TABLE tick (moment timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)
    ON UPDATE CURRENT_TIMESTAMP(6) PRIMARY KEY);
  CREATE TABLE grandchild (id int PRIMARY KEY, code int,
    FOREIGN KEY (code) REFERENCES parent (code));
`;

const TABLES = ['note', 'member', 'seat', 'parent', 'child', 'grandchild', 'word', 'tick'];

const RESET = `
  DELETE FROM note; DELETE FROM member; DELETE FROM seat; DELETE FROM grandchild;
  DELETE FROM child; DELETE FROM parent; DELETE FROM use_of_word; DELETE FROM word;
  DELETE FROM tick; INSERT INTO tick VALUES ('2024-01-01');
  INSERT INTO word VALUES ('a', 1, 'x'), ('b', 2, 'y');
  INSERT INTO use_of_word VALUES (1, 'a', 'Y');
  INSERT INTO note VALUES (1, 'a', 0.1, Point(1, 2), '{"a": 1}', 7, '2020-01-01'),
    (2, 'b', 2, NULL, NULL, 8, '2020-01-01');
  INSERT INTO member VALUES (1, 5), (2, 5), (1, 6);
  INSERT INTO seat VALUES (1, 'a', 1), (2, 'b', 2);
  INSERT INTO parent VALUES (1, 1, 10), (2, 2, 20);
  INSERT INTO child VALUES (1, 1, 1), (2, 2, 2);
  INSERT INTO grandchild VALUES (1, 10);
`;

/** The server calls its triggers for these as if it had carried them out. */
const CASES = [
  {
    what: 'an update that sets a row to what it is, where a column notes the time of updates',
    statements: ["UPDATE note SET text = 'z' WHERE id = 1", "UPDATE note SET text = 'z'"],
  },
  {
    what: 'the same of several tables',
    statements: [
      "UPDATE note SET text = 'z'",
      'UPDATE note a JOIN note b ON a.id = b.id SET a.n = a.n, b.doc = b.doc',
    ],
  },
  {
    what: 'the same by an upsert',
    statements: [
      "UPDATE note SET text = 'z' WHERE id = 1",
      'INSERT INTO note (id, n) VALUES (1, 5) ON DUPLICATE KEY UPDATE n = 0.1, code = 7',
    ],
  },
  {
    what: 'the same behind an insert',
    statements: ['INSERT INTO note (id) VALUES (3)', 'UPDATE note SET text = NULL WHERE id = 3'],
  },
  {
    what: 'the same before a change',
    statements: ["UPDATE note SET text = 'a' WHERE id = 1", 'UPDATE note SET n = 3 WHERE id = 1'],
  },
  {
    what: 'the same in different spelling',
    statements: [
      "UPDATE note SET text = 'A' WHERE id = 1",
      "UPDATE note SET text = 'a' WHERE id = 1",
    ],
  },
  {
    what: 'the same between two branches',
    statements: ['UPDATE note SET n = 3', 'UPDATE note SET n = 3', 'UPDATE note SET n = 4'],
  },
  {
    what: 'nothing but the time of the update',
    statements: ['UPDATE note SET n = 3', 'UPDATE note SET touched = NOW(6)'],
  },
  {
    what: 'a row that should have become another one, in UPDATE IGNORE',
    statements: ['UPDATE IGNORE member SET team = 2'],
  },
  {
    what: 'such a row, changed before and behind it',
    statements: [
      'UPDATE seat SET n = 9',
      'UPDATE IGNORE seat SET id = 2',
      'UPDATE seat SET n = 10 WHERE id = 1',
      'DELETE FROM seat WHERE id = 2',
    ],
  },
  {
    what: 'a value that another row has, in UPDATE IGNORE',
    statements: [
      'UPDATE seat SET n = 9',
      "UPDATE IGNORE seat SET place = 'B' WHERE id = 1",
      'UPDATE seat SET n = 10',
    ],
  },
  {
    what: 'the same, of several tables',
    statements: [
      'UPDATE seat SET n = 9',
      "UPDATE IGNORE seat a JOIN seat b ON a.id < b.id SET a.place = b.place, b.place = 'c'",
    ],
  },
  {
    what: 'a reference to no row, in UPDATE IGNORE',
    statements: ['UPDATE child SET v = 9', 'UPDATE IGNORE child SET parent = 7 WHERE id = 1'],
  },
  {
    what: 'a key to which a row refers, in UPDATE IGNORE',
    statements: ['UPDATE parent SET v = 9', 'UPDATE IGNORE parent SET id = 7 WHERE id = 1'],
  },
  {
    what: 'another value to which a row refers, in UPDATE IGNORE',
    statements: ['UPDATE parent SET v = 9', 'UPDATE IGNORE parent SET code = 7 WHERE id = 1'],
  },
  {
    what: 'another spelling of a key to which a row refers, in UPDATE IGNORE',
    statements: ['UPDATE word SET n = 9', "UPDATE IGNORE word SET id = 'A' WHERE id = 'a'"],
  },
  {
    what: 'another spelling of a value to which a row refers, in UPDATE IGNORE',
    statements: ['UPDATE word SET n = 9', "UPDATE IGNORE word SET code = 'Y' WHERE id = 'b'"],
  },
  {
    what: 'a row of nothing but the time of its update',
    statements: ["UPDATE tick SET moment = '2025-01-01'", 'UPDATE tick SET moment = moment'],
  },
  {
    what: 'a row to which another one refers, in DELETE IGNORE',
    statements: ['UPDATE parent SET v = 9', 'DELETE IGNORE FROM parent'],
  },
] as const;

describeMariadb('What the server has not written is not taken back', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  }, 60_000);

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it.each(CASES)('$what: in one branch', async ({ statements }) => {
    const before = await database.rows(...TABLES);
    const tag = newTag();
    await database.branch(tag, ...statements);

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows(...TABLES)).resolves.toEqual(before);
  });

  it.each(CASES)('$what: in a branch for each statement', async ({ statements }) => {
    const before = await database.rows(...TABLES);
    const { xid } = newTag();
    const tags = statements.map(() => newTag(xid));
    for (const [index, tag] of tags.entries()) await database.branch(tag, statements[index] ?? '');

    const outcomes = [];
    for (const tag of tags.toReversed()) outcomes.push(await database.rollback(tag));

    expect(outcomes).toEqual(tags.map(() => DONE));
    await expect(database.rows(...TABLES)).resolves.toEqual(before);
  });

  it('and holds the row all the same', async () => {
    const holder = newTag();
    await database.branch(holder, 'UPDATE note SET n = n');

    await expect(database.branch(newTag(), 'UPDATE note SET n = 3')).rejects.toMatchObject({
      sqlState: '45001',
    });
  });
});
