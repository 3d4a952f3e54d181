import type { BranchOutcome } from '../../../lib/protocol/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag, reasonOf } from './at-database.js';
import { SESSIONS, TIME_ZONE } from './sessions.js';
import { VALUES } from './values.js';

const TABLES = VALUES.map((each, n) => ({ ...each, n }));

/** The trigger lets nobody change the value, but for those who know how. */
const SETUP = `
  SET sql_mode = '', time_zone = '+00:00';
  ${TABLES.map(
    ({ n, type, value }) => `
      CREATE TABLE value_${n} (id int PRIMARY KEY, v ${type}, revision int);
      INSERT INTO value_${n} VALUES (1, ${value}, 0);
      CREATE TABLE spare_${n} LIKE value_${n};
      INSERT INTO spare_${n} SELECT * FROM value_${n};
      CREATE TRIGGER keep_${n} BEFORE UPDATE ON value_${n} FOR EACH ROW
        IF @may_change IS NULL THEN
          SET NEW.v = OLD.v, NEW.revision = OLD.revision + 1;
        END IF;`,
  ).join('')}`;

const another = (type: string): string => (type.includes('NOT NULL') ? "'2001-01-01'" : 'NULL');

describeMariadb('A trigger that changes rows before they are updated', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(`${TIME_ZONE} ${SETUP}`);
  }, 120_000);

  afterAll(async () => {
    await database.drop();
  });

  describe.each(SESSIONS)('does not keep a rollback, with $title, from', ({ undoer, writer }) => {
    let outcomes: readonly BranchOutcome[];

    beforeAll(async () => {
      const tag = newTag();
      const connection = await database.begin(tag, writer);
      await connection.query('SET @may_change = 1');
      for (const { n, type } of TABLES) {
        await connection.query(
          `UPDATE value_${n} SET v = ${another(type)}, revision = 7 WHERE id = 1`,
        );
      }
      await connection.query('COMMIT');
      const engine = database.engineFor({ source: database.source({}, undoer) });
      outcomes = await engine.rollbackBranches([tag]);
    }, 120_000);

    it('ending', () => {
      expect(outcomes).toEqual([DONE]);
    });

    it.each(TABLES)('giving back: $title', async ({ n }) => {
      const same = await database.sql(
        `SELECT COUNT(*) AS n FROM value_${n} a JOIN spare_${n} b USING (id) WHERE a.v <=> b.v
           AND CAST(a.v AS BINARY) <=> CAST(b.v AS BINARY) AND a.revision = b.revision`,
      );

      expect(same).toEqual([{ n: 1 }]);
    });
  });
});

describeMariadb('A trigger of the application that is made behind ours', () => {
  let database: AtDatabase;

  beforeEach(async () => {
    database = await createAtDatabase(`
      CREATE TABLE page (id int PRIMARY KEY, text varchar(9), revision int);
      CREATE TRIGGER first_one BEFORE UPDATE ON page FOR EACH ROW
        SET NEW.revision = OLD.revision + 1;
      INSERT INTO page VALUES (1, 'a', 0)`);
    await database.sql(`CREATE TRIGGER last_one BEFORE UPDATE ON page FOR EACH ROW
      SET NEW.revision = OLD.revision + 10`);
  });

  afterEach(async () => {
    await database.drop();
  });

  it('has the last word, so that the row is left to a person', async () => {
    const tag = newTag();
    await database.branch(tag, "UPDATE page SET text = 'b'");

    const reason = reasonOf(await database.rollback(tag));

    expect(reason).toContain('page 1: a trigger of the table changes the row');
    expect(await database.rows('page')).toEqual(['[1,"b",10]']);
  });

  it('keeps an application from starting that may not put ours behind it', async () => {
    await expect(database.engine.install('check')).rejects.toMatchObject({
      code: 'DTX_ERR_RM_AT_INSTALL',
      message: expect.stringContaining(
        'the triggers of page were made for other columns, keys or triggers of yours',
      ) as string,
    });
  });

  it('stands before ours when they are installed again', async () => {
    const tag = newTag();
    await database.engine.install('mend');
    await database.branch(tag, "UPDATE page SET text = 'b'");

    expect(await database.rollback(tag)).toEqual(DONE);

    expect(await database.rows('page')).toEqual(['[1,"a",0]']);
  });

  it('is put before ours though it has the name of one that was there', async () => {
    await database.engine.install('mend');
    await database.sql(`DROP TRIGGER last_one; CREATE TRIGGER last_one BEFORE UPDATE ON page
      FOR EACH ROW SET NEW.revision = OLD.revision + 100`);
    const tag = newTag();
    await database.engine.install('mend');
    await database.branch(tag, "UPDATE page SET text = 'b'");

    expect(await database.rollback(tag)).toEqual(DONE);

    expect(await database.rows('page')).toEqual(['[1,"a",0]']);
  });
});
