import { createTestMariadb, describeMariadb } from '../../servers/test-mariadb.js';

/** While it opens the tables of a database, MariaDB's process list shows that as the session's. */
const READ_ALL_DATABASES = 'SELECT COUNT(*) FROM information_schema.triggers';
const EVENTS = ['INSERT', 'UPDATE', 'DELETE'].flatMap((what) => [
  `BEFORE ${what}`,
  `AFTER ${what}`,
]);
const READERS = 4;
const DROPS = 15;

describeMariadb('a test database of MariaDB', () => {
  it('goes although a session has a transaction open in it', async () => {
    const database = await createTestMariadb();
    const left = database.pool();
    await left.query('CREATE TABLE mark (id int PRIMARY KEY)');
    const connection = await left.getConnection();
    await connection.query('BEGIN');
    await connection.query('INSERT INTO mark VALUES (1)');
    const other = await createTestMariadb();
    const plain = other.pool();

    await database.drop();

    const [rows] = await plain.query('SHOW DATABASES LIKE ?', [database.name]);
    expect(rows).toEqual([]);
    await other.drop();
  });

  it('goes without ending the sessions that read the catalog of all databases', async () => {
    const reader = await createTestMariadb();
    const pool = reader.pool();
    let isOver = false;
    const readOn = async (): Promise<void> => {
      while (!isOver) await pool.query(READ_ALL_DATABASES);
    };
    const reading = Promise.all(Array.from({ length: READERS }, readOn));

    await Promise.race([createAndDrop(), reading]);
    isOver = true;

    await expect(reading).resolves.toHaveLength(READERS);
    await reader.drop();
  });
});

async function createAndDrop(): Promise<void> {
  for (let n = 0; n < DROPS; n += 1) {
    const database = await createTestMariadb();
    const plain = database.pool();
    await plain.query('CREATE TABLE mark (id int PRIMARY KEY)');
    for (const event of EVENTS) {
      await plain.query(
        `CREATE TRIGGER ${event.replace(' ', '_')} ${event} ON mark FOR EACH ROW SET @mark = 1`,
      );
    }
    await database.drop();
  }
}
