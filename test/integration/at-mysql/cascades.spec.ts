import { describeMariadb } from '../../servers/test-mariadb.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag } from './at-database.js';

const OLD = '2020-01-01 00:00:00';

const SETUP = `
  CREATE TABLE owner (id int PRIMARY KEY, code int UNIQUE);
  CREATE TABLE thing (id int PRIMARY KEY, owner int, code int,
    touched datetime NULL ON UPDATE CURRENT_TIMESTAMP,
    FOREIGN KEY (owner) REFERENCES owner (id) ON DELETE SET NULL,
    FOREIGN KEY (code) REFERENCES owner (code) ON DELETE SET NULL);
  INSERT INTO owner VALUES (1, 10), (2, 20), (3, 30);
  INSERT INTO thing VALUES (1, 1, 20, '${OLD}'), (2, 3, 30, '${OLD}');
`;

const THINGS = 'SELECT id, owner, code, CAST(touched AS CHAR) AS touched FROM thing ORDER BY id';

describeMariadb('A row that a deleted one is referred to by', () => {
  let database: AtDatabase;

  beforeEach(async () => {
    database = await createAtDatabase(SETUP);
  });

  afterEach(async () => {
    await database.drop();
  });

  const things = (): Promise<unknown> => database.sql(THINGS);

  it('gets NULL, and its time of updates stays, as the database itself has it', async () => {
    const tag = newTag();

    await database.branch(tag, 'DELETE FROM owner WHERE id <> 3');

    expect(await things()).toEqual([
      { id: 1, owner: null, code: null, touched: OLD },
      { id: 2, owner: 3, code: 30, touched: OLD },
    ]);
    expect(await database.rollback(tag)).toEqual(DONE);
    expect(await things()).toEqual([
      { id: 1, owner: 1, code: 20, touched: OLD },
      { id: 2, owner: 3, code: 30, touched: OLD },
    ]);
  });
});
