import type { PoolConfig } from 'pg';

import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';
import { VALUES, VALUE_SETUP } from './values.js';

/**
 * Settings that change how values look as text, or how texts are read. Sessions of applications and
 * of phase two may have any of them, and need not have the same.
 */
const HOSTILE: PoolConfig = {
  options: Object.entries({
    datestyle: 'SQL,DMY',
    intervalstyle: 'sql_standard',
    timezone: 'America/St_Johns',
    extra_float_digits: '-15',
    array_nulls: 'off',
    transform_null_equals: 'on',
    bytea_output: 'escape',
    xmloption: 'document',
    quote_all_identifiers: 'on',
    standard_conforming_strings: 'off',
    search_path: 'public,elsewhere',
  })
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' '),
};

const SESSIONS = [
  { title: 'plain sessions', writer: undefined, undoer: undefined },
  { title: 'a hostile session that writes', writer: HOSTILE, undoer: undefined },
  { title: 'a hostile session that undoes', writer: undefined, undoer: HOSTILE },
  { title: 'hostile sessions', writer: HOSTILE, undoer: HOSTILE },
];

const SETUP = `
  ${VALUE_SETUP}
  CREATE SCHEMA elsewhere;
  CREATE TABLE elsewhere."A Table" ();
  ${VALUES.map(
    ({ type, value }, n) => `
      CREATE TABLE value_${n} (id int PRIMARY KEY, v ${type});
      INSERT INTO value_${n} VALUES (1, ${value}), (2, ${value});
      CREATE TABLE copy_${n} AS SELECT * FROM value_${n};`,
  ).join('')}`;

/** One row is updated, one is deleted, one is added. */
const WRITES = VALUES.map(
  ({ value }, n) => `
    UPDATE value_${n} SET v = ${value === 'NULL' ? "'x'" : 'NULL'} WHERE id = 1;
    DELETE FROM value_${n} WHERE id = 2;
    INSERT INTO value_${n} SELECT 3, v FROM copy_${n} WHERE id = 1;`,
).join('');

describe('A rollback restores bit by bit', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  }, 60_000);

  afterAll(async () => {
    await database.drop();
  });

  describe.each(SESSIONS)('with $title', ({ undoer, writer }) => {
    beforeAll(async () => {
      const tag = newTag();
      const client = await database.connect(writer);
      await client.query(`BEGIN; ${database.engine.tagStatement(tag)}`);
      await client.query(WRITES);
      await client.query('COMMIT');
      const outcomes = await database.engineFor(undoer).rollbackBranches([tag]);
      expect(outcomes).toEqual([DONE]);
    }, 60_000);

    it.each(VALUES.map(({ title }, n) => ({ title, n })))('$title', async ({ n }) => {
      // *= compares the stored bytes of the rows.
      const same = await database.sql(
        `SELECT FROM value_${n} now JOIN copy_${n} old USING (id) WHERE now *= old`,
      );
      const all = await database.sql(`SELECT FROM value_${n}`);

      expect(same).toHaveLength(2);
      expect(all).toHaveLength(2);
    });
  });
});
