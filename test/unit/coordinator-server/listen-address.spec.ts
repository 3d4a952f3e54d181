import {
  formatAddress,
  isLoopback,
  parseListen,
} from '../../../lib/coordinator/server/native/listen-address.js';

describe('An address to listen on', () => {
  it.each([
    ['127.0.0.1:7000', '127.0.0.1', 7000],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['my-host.example.org', 'my-host.example.org', 7091],
    ['10.0.0.1', '10.0.0.1', 7091],
    ['[::]:7000', '::', 7000],
    ['[2001:db8::1]', '2001:db8::1', 7091],
    [':7000', '127.0.0.1', 7000],
    ['7000', '127.0.0.1', 7000],
    [7000, '127.0.0.1', 7000],
    [0, '127.0.0.1', 0],
  ])('is read: %s', (listen, host, port) => {
    expect(parseListen(listen)).toEqual({ host, port });
  });

  it.each([
    '',
    ' ',
    'host:',
    'host:port',
    'host:65536',
    '::1:7091',
    'a b:7091',
    'dtx://a:1',
    -1,
    1.5,
  ])('is refused when it is none: %s', (listen) => {
    expect(() => parseListen(listen)).toThrow('listen is');
  });

  it.each([
    'localhost',
    '127.0.0.1',
    '127.8.9.10',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::FFFF:127.0.0.1',
  ])('is for this machine alone: %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '128.0.0.1',
    '2001:db8::1',
    '::ffff:10.0.0.1',
    'localhost.example.org',
    '127.0.0.1.example.org',
    'example.org',
    '::10',
    '1::1',
  ])('can be reached by others: %s', (host) => {
    expect(isLoopback(host)).toBe(false);
  });

  it('is written as people write it', () => {
    expect(formatAddress({ host: '::1', port: 1 })).toBe('[::1]:1');
    expect(formatAddress({ host: '10.0.0.1', port: 2 })).toBe('10.0.0.1:2');
  });
});
