import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, failureOf, newTag } from './at-database.js';

/** As in a dump, the child comes first: the database keeps the names as they were written. */
const SETUP = `
  SET foreign_key_checks = 0;
  CREATE TABLE child (id int PRIMARY KEY, Parent int, Code int,
    FOREIGN KEY (PARENT) REFERENCES parent (ID) ON DELETE CASCADE,
    FOREIGN KEY (code) REFERENCES parent (code) ON DELETE SET NULL);
  CREATE TABLE parent (Id int PRIMARY KEY, Code int NOT NULL UNIQUE);
  SET foreign_key_checks = 1;
  INSERT INTO parent VALUES (1, 10), (2, 20);
  INSERT INTO child VALUES (1, 1, 20);`;

describeMariadb('A foreign key that names columns in another case', () => {
  let database: AtDatabase;

  beforeEach(async () => {
    database = await createAtDatabase(SETUP);
  });

  afterEach(async () => {
    await database.drop();
  });

  it('is followed by a rollback', async () => {
    const before = await database.rows('parent', 'child');
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM parent');

    expect(await database.rollback(tag)).toEqual(DONE);

    expect(await database.rows('parent', 'child')).toEqual(before);
  });

  it('is locked on both sides, without a warning', async () => {
    const { warnings } = await database.engine.install();
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM child');

    const error = await failureOf(database.branch(newTag(), 'DELETE FROM parent WHERE id = 1'));

    expect(warnings).toEqual([]);
    expect(database.engine.explain(error)).toMatchObject({ kind: 'lock-conflict' });
  });
});
