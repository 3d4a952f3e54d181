import type { NativeServerOptions } from '../../../lib/coordinator/index.js';
import { settingsOf } from '../../../lib/coordinator/server/native/native-server-options.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';

const tls = { cert: 'a certificate', key: 'its key' };
const lines: string[] = [];

function settings(options: Partial<NativeServerOptions>) {
  lines.length = 0;
  const write = (line: string): void => {
    lines.push(line);
  };
  return settingsOf({
    coordinator: { namespace: jest.fn() },
    listen: '0.0.0.0:7091',
    clock: systemClock,
    ids: systemIds,
    log: { info: write, warn: write, error: write, debug: write },
    ...options,
  });
}

describe('A server that listens beyond loopback', () => {
  it.each([
    ['with nothing', {}],
    ['with TLS that asks clients for nothing', { tls }],
    ['with an empty list of keys', { keys: [] }],
    ['at all addresses of IPv6', { listen: '[::]:7091' }],
    ['at a name', { listen: 'example.org:7091' }],
  ])('asks nobody for a key and is refused: %s', (_what, options) => {
    expect(() => settings(options)).toThrow('DTX_ERR_CONFIG_INSECURE_LISTEN');
  });

  it.each([
    ['keys', { keys: ['a-key'] }, "The clients' key crosses the network in clear"],
    ['insecure: true', { insecure: true }, 'What clients say crosses the network in clear'],
  ])('may with %s, and says what crosses the network', (_what, options, warning) => {
    settings(options);

    expect(lines).toEqual([expect.stringContaining(warning)]);
  });

  it.each([
    ['client certificates', { tls: { ...tls, ca: 'an authority' } }],
    ['keys and TLS', { keys: ['a-key'], tls }],
  ])('may with %s, and there is nothing to say', (_what, options) => {
    settings(options);

    expect(lines).toEqual([]);
  });
});

describe('The settings of a server', () => {
  it('have defaults', () => {
    expect(settings({ listen: 0 })).toMatchObject({
      listen: { host: '127.0.0.1', port: 0 },
      heartbeatMs: 3_000,
      inFlightMax: 1_024,
      frameBytesMax: 1_048_576,
      messageBytesMax: 131_072,
      streamsMax: 4_096,
      helloMs: 5_000,
      drainMs: 5_000,
      lingerMs: 500,
      unusedMs: 60_000,
      sharesStore: false,
      versions: { min: 1, max: 1 },
    });
    expect(lines).toEqual([]);
  });

  it.each([
    { heartbeatMs: 0 },
    { inFlightMax: 1.5 },
    { messageBytesMax: -1 },
    { streamsMax: Infinity },
    { frameBytesMax: 2 ** 31 },
    { namespaceMessageBytesMax: { shop: 0 } },
  ])('are refused when they cannot work: %j', (options) => {
    expect(() => settings({ listen: 0, ...options })).toThrow('DTX_ERR_CONFIG_OPTION');
  });
});
