import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

/** Types whose equal values can be spelled in several ways: before, and then. */
const SPELLINGS = [
  ['text COLLATE caseless', `'nick'`, `'Nick'`],
  ['caseless_text', `'nick'`, `'Nick'`],
  ['interval', `'1 day'`, `'24:00:00'`],
  ['jsonb', `'1.0'`, `'1.00'`],
  ['numrange', `'[1.0,2.0)'`, `'[1.00,2)'`],
  ['numeric[]', `'{1.0}'`, `'{1.00}'`],
  ['float8[]', `'{0}'`, `'{-0}'`],
  ['numeric', `1.0`, `1.00`],
  ['float8', `'0'`, `'-0'`],
] as const;

const SETUP = `
  CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  CREATE DOMAIN caseless_text AS text COLLATE caseless;
  ${SPELLINGS.map(([type], n) => `CREATE TABLE t${n} (id ${type} PRIMARY KEY, v int);`).join('\n')}
  CREATE TABLE pair (a text COLLATE caseless, b int, v int, PRIMARY KEY (a, b));
  CREATE TABLE child (id int PRIMARY KEY, a text COLLATE caseless, b int,
    FOREIGN KEY (a, b) REFERENCES pair);
`;

const RESET = `
  ${SPELLINGS.map(([, was], n) => `TRUNCATE t${n}; INSERT INTO t${n} VALUES (${was}, 1);`).join(
    ' ',
  )}
  TRUNCATE pair, child;
  INSERT INTO pair VALUES ('nick', 8, 1);
  INSERT INTO child VALUES (1, 'NICK', 8);
`;

describe('A key that is set to an equal value in another spelling', () => {
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

  it.each(SPELLINGS.map(([type, , then], n) => [type, `t${n}`, then] as const))(
    'is spelled as before after a rollback: %s',
    async (_type, table, then) => {
      const before = await database.rows(table);
      const tag = newTag();
      await database.branch(tag, `UPDATE ${table} SET id = ${then}`, `UPDATE ${table} SET v = 2`);

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.rows(table)).resolves.toEqual(before);
    },
  );

  it('is spelled as before when it is referred to and has been spelled in three ways', async () => {
    const before = await database.rows('pair', 'child');
    const tag = newTag();
    await database.branch(
      tag,
      `UPDATE pair SET a = 'Nick', v = 2`,
      `UPDATE pair SET a = 'NICK'`,
      `UPDATE child SET a = 'nICK'`,
    );

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('pair', 'child')).resolves.toEqual(before);
  });

  it('is spelled as before when two branches have spelled it', async () => {
    const before = await database.rows('pair');
    const first = newTag();
    const other = newTag(first.xid);
    await database.branch(first, `UPDATE pair SET a = 'Nick', v = 2`);
    await database.branch(other, `UPDATE pair SET a = 'NICK', v = 3`);

    await expect(database.rollback(other)).resolves.toEqual(DONE);
    await expect(database.rollback(first)).resolves.toEqual(DONE);
    await expect(database.rows('pair')).resolves.toEqual(before);
  });
});
