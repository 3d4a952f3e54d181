import { databaseKindOf } from '../../../lib/coordinator/index.js';
import { placeOfUrl } from '../../../lib/coordinator/store/store-url.js';

describe('A store location', () => {
  it.each([
    ['postgres://host/db', 'postgres'],
    ['PostgreSQL://host/db', 'postgres'],
    ['mysql://host/db', 'mysql'],
    ['mariadb://host/db', 'mysql'],
  ])('%s names a database', (location, kind) => {
    expect(databaseKindOf(location)).toBe(kind);
  });

  it.each(['.dtx/coordinator.db', '/var/lib/a:b.db', 'C:\\dtx\\coordinator.db', 'C://dtx.db', 'x'])(
    '%s is the path of a file',
    (location) => {
      expect(databaseKindOf(location)).toBeUndefined();
    },
  );

  it.each([
    ['redis://me:s3cr3t@host/0', '"redis://…"'],
    ['postgress://me:s3cr3t@host/db', '"postgress://…"'],
    ['jdbc+x.y-z://me:s3cr3t@host/db', '"jdbc+x.y-z://…"'],
    ['postgres:/me:s3cr3t@host/db', '"postgres:…"'],
    [' mysql://me:s3cr3t@host/db', '"mysql://…"'],
  ])('%s is refused, and shown is its scheme alone', (location, shown) => {
    let message = '';
    try {
      databaseKindOf(location, '--store');
    } catch (error) {
      message = (error as Error).message;
    }

    expect(message).toContain(`[DTX_ERR_CONFIG_OPTION] --store is ${shown}. The URL of a database`);
    expect(message).toContain('mariadb://');
    expect(message).not.toMatch(/s3cr3t|me:|host/);
  });
});

describe('The place of a database', () => {
  it.each([
    ['postgres://me:s3cr3t@db.internal:5433/orders?sslmode=require', 'db.internal:5433/orders'],
    ['postgres://me:p@s3cr3t@db.internal/orders', 'db.internal/orders'],
    ['postgres:///orders?host=/var/run', '/orders'],
    ['postgres://me:s3cr3t@/orders?host=/var/run', '/orders'],
    ['postgres://[::1]:5433/orders', '[::1]:5433/orders'],
  ])('of %s shows no user and no password', (url, place) => {
    expect(placeOfUrl(url, 'postgres')).toBe(`postgres://${place}`);
  });

  it.each([
    'mysql://me:12/ss@host/db',
    'mysql://me:12?ss@host/db',
    'mysql://me:12#ss@host/db',
    'mysql://me:12@/ss@host/db',
    'mysql://me:ss/12@[/db',
    'mysql://me:ss:12/db',
  ])('of %s is not guessed at: nothing of it is shown', (url) => {
    let error: unknown;
    try {
      placeOfUrl(url, 'mysql');
    } catch (thrown) {
      error = thrown;
    }

    expect(error).toMatchObject({ code: 'DTX_ERR_CONFIG_OPTION', option: 'coordinator.store' });
    const everything = JSON.stringify({ ...(error as object), message: String(error) });
    expect(everything).toContain('mysql://…');
    expect(everything).not.toMatch(/ss@|12|host\/|me:/);
    expect(error).not.toHaveProperty('cause');
    expect(error).not.toHaveProperty('input');
  });
});
