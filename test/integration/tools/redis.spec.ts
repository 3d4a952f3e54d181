import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';

import {
  type RedisOptions,
  removeRedis,
  type RunningRedis,
  startRedis,
} from '../../../tools/redis/index.js';
import { describeRedis } from '../../servers/test-redis.js';

describeRedis('Redis of this machine or from Debian', () => {
  let parent: string;
  let dataDir: string;

  const start = async (options: Partial<RedisOptions> = {}): Promise<RunningRedis> => {
    const server = await startRedis({ dataDir, required: true, ...options });
    return server!;
  };

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'dtx-redis-'));
    dataDir = join(parent, 'data');
  });

  afterEach(async () => {
    await removeRedis(dataDir);
    await rm(parent, { recursive: true, force: true });
  });

  it('starts a server that is local, small, and keeps nothing on disk', async () => {
    const server = await start();

    expect(server).toMatchObject({ adopted: false, version: expect.stringMatching(/^\d+\./) });
    expect(await settingsOf(server, ['bind', 'save', 'appendonly', 'maxmemory', 'dir'])).toEqual({
      bind: '127.0.0.1',
      save: '',
      appendonly: 'no',
      maxmemory: String(64 * 1024 * 1024),
      dir: dataDir,
    });
  });

  it('may be told more', async () => {
    const server = await start({ settings: ['maxclients 17'] });

    expect(await settingsOf(server, ['maxclients'])).toEqual({ maxclients: '17' });
  });

  it('takes nobody in without the password', async () => {
    const { url, port } = await start();

    expect(await ask(`redis://127.0.0.1:${port}`)).toMatch('NOAUTH');
    expect(await ask(`redis://:guess@127.0.0.1:${port}`)).toMatch(/WRONGPASS|NOAUTH/);
    expect(await ask(url)).toBe('PONG');
    expect((await stat(join(dataDir, 'password'))).mode & 0o777).toBe(0o600);
  });

  it('adopts the server that runs in the same folder', async () => {
    const first = await start();
    const second = await start();

    expect(second).toMatchObject({ adopted: true, pid: first.pid, port: first.port });
  });

  it('gives two callers at the same moment servers that one removal ends', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    expect([await ask(first.url), await ask(second.url)]).toEqual(['PONG', 'PONG']);

    await removeRedis(dataDir);
    expect([await ask(first.url), await ask(second.url)]).toEqual([CLOSED, CLOSED]);
  });

  it('stops, and starts again', async () => {
    const first = await start();
    await first.stop();
    await first.stop();
    expect(await ask(first.url)).toBe(CLOSED);

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await ask(second.url)).toBe('PONG');
  });

  it('replaces a server that was killed', async () => {
    const first = await start();
    process.kill(first.pid, 'SIGKILL');

    const second = await start();
    expect(second.adopted).toBe(false);
    expect(await ask(second.url)).toBe('PONG');
  });

  it('takes no other process for its server when the pid was used again', async () => {
    const other = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(other, 'spawn');
    try {
      await mkdir(dataDir);
      await writeFile(join(dataDir, 'server-1.pid'), String(other.pid));

      const server = await start();
      expect(server.adopted).toBe(false);
      expect(await readdir(dataDir)).not.toContain('server-1.pid');
      await server.remove();
      expect(other.exitCode ?? other.signalCode).toBeNull();
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('stops the server and leaves nothing when it is removed', async () => {
    const server = await start();

    await server.remove();
    await expect(stat(dataDir)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await ask(server.url)).toBe(CLOSED);
  });

  it('says what the server said when it does not start', async () => {
    await expect(start({ settings: ['no-such-setting 1'] })).rejects.toThrow('no-such-setting 1');
  });

  it('leaves the port that it was told to take to whoever has it', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { readonly port: number };
    try {
      await expect(start({ port })).rejects.toThrow('Address already in use');
    } finally {
      other.close();
    }
  });
});

describe('A machine without Redis', () => {
  let parent: string;
  let search: { readonly folders: readonly string[]; readonly cacheDir: string };
  const path = process.env['PATH'];

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'dtx-redis-'));
    search = { folders: [parent], cacheDir: join(parent, 'cache') };
    // Without apt there is no way to a package either.
    process.env['PATH'] = parent;
  });

  afterEach(async () => {
    process.env['PATH'] = path;
    await rm(parent, { recursive: true, force: true });
  });

  it('goes on without a server, and says so aloud', async () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const server = await startRedis({ dataDir: parent, required: false, search });
    const said = write.mock.calls.join('');
    write.mockRestore();

    expect(server).toBeUndefined();
    expect(said).toContain('Redis is missing: install redis-server.');
    expect(said).toContain('What needs it is SKIPPED.');
  });

  it('is an error where Redis is required', async () => {
    await expect(startRedis({ dataDir: parent, required: true, search })).rejects.toThrow(
      'Redis is missing: install redis-server.',
    );
  });

  it('does not take another program of that name for Redis', async () => {
    await writeFile(join(parent, 'redis-server'), '#!/bin/sh\necho "my own 1.0"\n', {
      mode: 0o755,
    });

    await expect(startRedis({ dataDir: parent, required: true, search })).rejects.toThrow(
      'Redis is missing',
    );
  });
});

const CLOSED = 'Error: Connection is closed.';

/** @returns what the server answers to a ping, or the reason why it does not */
async function ask(url: string): Promise<string> {
  return withClient(url, (client) => client.ping()).catch((error: unknown) => String(error));
}

async function settingsOf(
  { url }: RunningRedis,
  names: readonly string[],
): Promise<Record<string, string>> {
  return withClient(url, async (client) => {
    const found: Record<string, string> = {};
    for (const name of names) {
      const [, value] = (await client.config('GET', name)) as readonly string[];
      found[name] = value ?? '';
    }
    return found;
  });
}

async function withClient<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    return await work(client);
  } finally {
    if (client.status !== 'end') client.disconnect();
  }
}
