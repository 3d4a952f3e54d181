import { SETTINGS } from '../../../lib/cli/coordinator-settings.js';
import { run } from '../../../lib/cli/run.js';
import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { connectRemote } from '../../../lib/transport/index.js';
import { until } from '../../support/until.js';

/** The program, which runs until the test lets it end. */
class Program {
  out = '';
  err = '';
  readonly exitCode: Promise<number>;
  stop: (signal?: string) => void = () => undefined;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const stopped = new Promise<string>((resolve) => {
      this.stop = (signal = 'SIGTERM') => {
        resolve(signal);
      };
    });
    this.exitCode = run(
      ['coordinator', '--listen', '127.0.0.1:0', '--store', ':memory:', ...args],
      {
        packageRoot: '.',
        out: (text) => (this.out += text),
        err: (text) => (this.err += text),
        env,
        now: () => Date.now(),
        untilStopped: () => stopped,
      },
    );
  }

  /** Where it listens, as it says itself. */
  async address(): Promise<string> {
    await until(() => this.out.includes('ready') || this.err !== '');
    return /127\.0\.0\.1:(?!0\b)\d+/.exec(this.out)?.[0] ?? '';
  }
}

describe('nestjs-dtx coordinator', () => {
  let program: Program;

  afterEach(async () => {
    program.stop();
    await program.exitCode;
  });

  async function connect(key?: string): Promise<CoordinatorClient> {
    return connectRemote({
      urls: [`dtx://${await program.address()}`],
      applicationId: 'order',
      ...(key !== undefined && { key }),
    });
  }

  it('serves clients until it is asked to end, and ends with status 0', async () => {
    program = new Program([]);
    const client = await connect();
    const xid = systemIds.newXid();
    await client.begin({ xid, name: 'n', applicationId: 'order', timeoutMs: 1_000 });
    const { status } = await client.status({ xid });
    await client.close();

    program.stop('SIGINT');

    expect(await program.exitCode).toBe(0);
    expect(status).toBe('active');
    expect(program.out).toMatch(/SIGINT: .*\nstopped\n$/s);
  });

  it('shows its configuration and where it comes from, without what is secret', async () => {
    program = new Program(['--namespace-key', 'shop=sesame', '--max-open', '5'], {
      DTX_KEYS: 'hunter2, hunter3',
      DTX_LEASE_MS: '1500',
    });

    await program.address();

    expect(program.out.split('\n').slice(0, -2)).toEqual([
      'nestjs-dtx coordinator',
      '  listen         127.0.0.1:0 (--listen)',
      '  store          :memory: (--store)',
      '  key            2 keys, not shown ($DTX_KEYS)',
      '  namespace-key  1 key, not shown (--namespace-key)',
      '  max-open       5 (--max-open)',
      '  lease-ms       1500 ($DTX_LEASE_MS)',
    ]);
  });

  it('takes every key that it was given, and no other', async () => {
    program = new Program([], { DTX_KEYS: 'hunter2, hunter3' });

    await (await connect('hunter3')).close();

    await expect(connect('hunter4')).rejects.toMatchObject({
      code: 'DTX_ERR_PROTOCOL_CREDENTIAL',
    });
  });

  it('writes one JSON object per line where that is asked for', async () => {
    program = new Program(['--json']);
    const address = await program.address();

    program.stop();

    expect(await program.exitCode).toBe(0);
    const events = program.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(events).toMatchObject([
      { event: 'config', store: { value: ':memory:', source: '--store' } },
      { event: 'ready', address },
      { event: 'stopping', signal: 'SIGTERM' },
      { event: 'stopped' },
    ]);
  });

  it('names options and variables that there are, when it asks for a key', async () => {
    program = new Program(['--listen', '0.0.0.0:0']);
    await program.exitCode;

    const variables = program.err.match(/DTX_[A-Z]+S\b/g) ?? [];

    expect(variables).toEqual(['DTX_KEYS']);
    expect(SETTINGS.map(({ env }) => env)).toEqual(expect.arrayContaining(variables));
  });

  it.each([
    ['everybody without keys', ['--listen', '0.0.0.0:0'], 'DTX_ERR_CONFIG_INSECURE_LISTEN', 1],
    ['an address that is none', ['--listen', 'a:b:c'], 'DTX_ERR_CONFIG_OPTION', 2],
    ['a file that is not there', ['--tls-cert', '/no/such.pem'], 'DTX_ERR_CONFIG_OPTION', 2],
    ['a number that is none', ['--max-open', 'many'], 'DTX_ERR_CONFIG_OPTION', 2],
    ['a namespace without its key', ['--namespace-key', 'shop'], 'DTX_ERR_CONFIG_OPTION', 2],
    ['a variable that is not set', ['--key', '${SECRET}'], 'SECRET is not set', 1],
  ])('does not start for %s', async (_what, args, text, exitCode) => {
    program = new Program(args);

    expect(await program.exitCode).toBe(exitCode);
    expect(program.err).toContain(text);
  });
});
