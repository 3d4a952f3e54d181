import { XaUnavailableError } from '../../../lib/protocol/index.js';
import { assertServer } from '../../../lib/resource/xa/mysql/server-version.js';

describe('P16: servers that forget prepared branches, or leave them out of the binary log', () => {
  it.each([
    '5.7.44-log',
    '8.0.28',
    '8.0.11',
    '10.4.32-MariaDB',
    '5.5.5-10.3.39-MariaDB-0+deb10u1',
    'something else',
  ])('refuses %s, with the fix', (version) => {
    const check = (): unknown => assertServer('orders', version);

    expect(check).toThrow(XaUnavailableError);
    expect(check).toThrow(/MariaDB 10\.5 or MySQL 8\.0\.29/);
  });

  it.each([
    ['8.0.29', 'mysql'],
    ['8.0.36-0ubuntu0.22.04.1', 'mysql'],
    ['8.4.0', 'mysql'],
    ['9.1.0', 'mysql'],
    ['10.5.0-MariaDB', 'mariadb'],
    ['10.11.19-MariaDB-deb12', 'mariadb'],
    ['5.5.5-10.6.12-MariaDB-log', 'mariadb'],
    ['11.4.2-MariaDB', 'mariadb'],
  ])('takes %s', (version, kind) => {
    expect(assertServer('orders', version)).toBe(kind);
  });
});
