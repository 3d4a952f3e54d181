import { InvalidOptionError } from '../../../lib/protocol/index.js';
import { isLiteral, isLoopback, readNodeUrl } from '../../../lib/transport/remote/node-url.js';
import type { RemoteOptions } from '../../../lib/transport/remote/options.js';
import { readOptions, warnOfClearKey } from '../../../lib/transport/remote/options.js';

const SECRET = 'not-to-be-printed';

function thrownBy(run: () => unknown): InvalidOptionError {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidOptionError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('The URL of a node', () => {
  it.each([
    ['dtx://tc:8091', { host: 'tc', port: 8091, isTls: false, label: 'tc:8091' }],
    ['dtxs://tc', { host: 'tc', port: 7091, isTls: true, label: 'tc:7091' }],
    ['dtx://10.0.0.1:1/', { host: '10.0.0.1', port: 1, isTls: false, label: '10.0.0.1:1' }],
    ['dtx://[::1]:65535', { host: '::1', port: 65535, isTls: false, label: '[::1]:65535' }],
  ])('%s is read', (text, expected) => {
    expect(readNodeUrl(text, 7091)).toEqual(expected);
  });

  it.each([
    ['', 'dtx://host:port'],
    ['tc:7091', 'dtx://host:port'],
    ['http://tc:7091', 'dtx://host:port'],
    ['dtx://', 'dtx://host:port'],
    ['dtx://tc:65536', 'dtx://host:port'],
    ['dtx://tc:0', '1 to 65535'],
    ['dtx://tc:7091/path', 'nothing behind the port'],
    ['dtx://tc:7091?x=1', 'nothing behind the port'],
    ['dtx://tc:7091#x', 'nothing behind the port'],
    ['dtx://user@tc:7091', 'coordinator.key'],
    ['dtx://:word@tc:7091', 'coordinator.key'],
  ])('%j is refused with: %s', (text, fix) => {
    const error = thrownBy(() => readNodeUrl(text, 7091));

    expect(error.option).toBe('coordinator.url');
    expect(error.message).toContain(fix);
  });

  it.each([
    `dtx://${SECRET}@tc:7091`,
    `dtx://user:${SECRET}@tc:7091`,
    `dtx://user:${SECRET}@x@tc:7091`,
    `http://${SECRET}@tc`,
    `${SECRET}@tc:7091`,
    `dtx:${SECRET}@tc:7091`,
    `dtx://a\n${SECRET}@tc:7091`,
    `dtx://tc:7091?key=${SECRET}`,
    `dtx://tc:7091#${SECRET}`,
  ])('%j is refused without the secret in it', (text) => {
    const { message } = thrownBy(() => readNodeUrl(text, 7091));

    expect(message).not.toContain(SECRET);
    expect(message).toContain('tc');
  });

  it.each([
    ['localhost', true, false],
    ['127.0.0.1', true, true],
    ['127.8.0.1', true, true],
    ['::1', true, true],
    ['10.0.0.1', false, true],
    ['127.example.org', false, false],
    ['localhost.example.org', false, false],
  ])('with host %s: loopback %s, an address %s', (host, loopback, literal) => {
    expect([isLoopback(host), isLiteral(host)]).toEqual([loopback, literal]);
  });
});

const given: RemoteOptions = { urls: ['dtxs://tc'], applicationId: 'shop' };

describe('The options of a client', () => {
  it('have defaults', () => {
    expect(readOptions(given)).toMatchObject({
      namespace: 'default',
      applicationId: 'shop',
      instanceId: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
      key: '',
      tls: {},
      callTimeoutMs: 10_000,
      connectTimeoutMs: 30_000,
    });
  });

  it('name each node once', () => {
    const urls = ['dtx://a:1', 'dtx://b:1', 'dtx://a:1/'];

    const labels = readOptions({ ...given, urls }).urls.map(({ label }) => label);

    expect(labels).toEqual(['a:1', 'b:1']);
  });

  it.each([
    ['no node', { urls: [] }, 'coordinator.url', 'at least one node'],
    ['callTimeoutMs 0', { callTimeoutMs: 0 }, 'coordinator.callTimeoutMs', 'from 1 on'],
    ['half a ms', { connectTimeoutMs: 0.5 }, 'coordinator.connectTimeoutMs', 'from 1 on'],
    ['NaN ms', { connectTimeoutMs: NaN }, 'coordinator.connectTimeoutMs', 'from 1 on'],
    ['endless ms', { callTimeoutMs: Infinity }, 'coordinator.callTimeoutMs', 'from 1 on'],
    ['an empty key', { key: '' }, 'coordinator.key', 'leave it out'],
    ['a cert alone', { tls: { cert: SECRET } }, 'coordinator.tls', 'both cert and key'],
    ['a key alone', { tls: { key: SECRET } }, 'coordinator.tls', 'both cert and key'],
    [
      'tls beside dtx://',
      { urls: ['dtx://a', 'dtxs://b'], tls: { ca: SECRET } },
      'coordinator.url',
      'write dtxs:// instead of dtx://',
    ],
  ])('are refused with %s', (_name, options, option, fix) => {
    const error = thrownBy(() => readOptions({ ...given, ...options }));

    expect(error.option).toBe(option);
    expect(error.message).toContain(fix);
    expect(error.message).not.toContain(SECRET);
  });

  it('are refused with a key that is no text, which is not printed', () => {
    const key = { text: SECRET };

    const error = thrownBy(() => readOptions({ ...given, key: key as unknown as string }));

    expect(error.option).toBe('coordinator.key');
    expect(error.message).not.toContain(SECRET);
  });
});

describe('A key that crosses the network in clear', () => {
  const warned = (options: Partial<RemoteOptions>): readonly string[] => {
    const lines: string[] = [];
    const warn = (line: string): void => void lines.push(line);
    const log = { info: () => undefined, warn, error: warn, debug: () => undefined };
    warnOfClearKey(readOptions({ ...given, log, ...options }));
    return lines;
  };

  it('is warned of once, with the nodes and without the key', () => {
    const urls = ['dtx://a:1', 'dtxs://b:1', 'dtx://localhost:1', 'dtx://10.0.0.1:1'];

    const lines = warned({ urls, key: SECRET });

    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('to a:1, 10.0.0.1:1. ');
    expect(lines[0]).not.toContain(SECRET);
  });

  it.each([
    ['no key', { urls: ['dtx://a:1'] }],
    ['TLS', { urls: ['dtxs://a:1'], key: SECRET }],
    ['this machine', { urls: ['dtx://127.0.0.1', 'dtx://[::1]', 'dtx://localhost'], key: SECRET }],
  ])('is not warned of with %s', (_name, options) => {
    expect(warned(options)).toEqual([]);
  });
});
