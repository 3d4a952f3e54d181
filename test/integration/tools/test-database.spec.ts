import { createTestDatabase } from '../../servers/test-database.js';

describe('a test database', () => {
  it('is empty, of its own, and gone after drop, whatever is still connected to it', async () => {
    const first = await createTestDatabase();
    const second = await createTestDatabase();
    const pool = first.pool();
    await pool.query('CREATE TABLE mark ()');
    expect(first.name).not.toBe(second.name);
    await expect(second.pool().query('SELECT FROM mark')).rejects.toMatchObject({ code: '42P01' });

    await first.drop();
    await expect(second.pool().query(countDatabases, [first.name])).resolves.toMatchObject({
      rows: [{ n: 0 }],
    });
    await second.drop();
  });
});

const countDatabases = 'SELECT count(*)::int AS n FROM pg_database WHERE datname = $1';
