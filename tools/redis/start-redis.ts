import { randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';

import { findOrSkip, type ServerSearch } from '../machine/index.js';
import { findFreePort } from '../postgres/launch.js';
import { findServerFiles, type ServerFiles, USUAL_SEARCH } from './server-files.js';
import {
  endProcess,
  findProcesses,
  launch,
  type Launched,
  type ServerProcess,
} from './server-process.js';

const HOST = '127.0.0.1';
const PASSWORD = 'password';
const READY_MS_MAX = 10_000;
const STOP_MS_MAX = 10_000;
const CONNECT_MS_MAX = 2_000;
const POLL_MS = 20;
const PORTS_MAX = 10;

/** What to start. */
export interface RedisOptions {
  /** A folder for the password and the log; made when it is not there. */
  readonly dataDir: string;
  /** @default a free port */
  readonly port?: number;
  /** More lines as in `redis.conf`, such as `maxclients 10`. They do not reach a running server. */
  readonly settings?: readonly string[];
  /** Throw when this machine has no Redis and cannot get one. @default true where CI=true */
  readonly required?: boolean;
  readonly search?: ServerSearch;
}

/** A server that takes connections. */
export interface RunningRedis {
  readonly port: number;
  readonly pid: number;
  /** As the server says it, such as `7.0.15`. */
  readonly version: string;
  /** Whether the server ran before. */
  readonly adopted: boolean;
  /** `redis://:PASSWORD@127.0.0.1:PORT` */
  readonly url: string;
  /** Stops the server. What it held is gone. Safe to repeat. */
  stop(): Promise<void>;
  /** Stops the server and removes the folder. */
  remove(): Promise<void>;
}

/**
 * Starts a Redis server in the given folder, or takes over the one that runs there: the one of this
 * machine, else Debian's package, unpacked below `.cache` without root.
 *
 * It listens on 127.0.0.1 alone, behind a password, keeps nothing on disk, and is not tied to this
 * process: killed at any moment, the next call with the same folder finds the running server. Two
 * callers at the same moment may get a server each; `removeRedis` ends both.
 *
 * @returns undefined when this machine has no Redis and cannot get one, after a line on stderr
 */
export async function startRedis(options: RedisOptions): Promise<RunningRedis | undefined> {
  const { required, search = USUAL_SEARCH } = options;
  const files = await findOrSkip(() => findServerFiles(search), {
    ...(required !== undefined && { required }),
    missing: 'Redis is missing: install redis-server.',
  });
  if (!files) return undefined;
  const folder = await locate(options.dataDir);
  const password = await readPassword(folder);
  for (const found of await findProcesses(folder)) {
    const version = await versionOf(urlOf(found.port, password), found.pid).catch(() => undefined);
    if (version !== undefined) return running(folder, { ...found, version, password }, true);
  }
  const started = await launchReady(folder, { files, password, options });
  return running(folder, { ...started, password }, false);
}

/** Stops the servers that work in this folder, if any, and removes it. */
export async function removeRedis(dataDir: string): Promise<void> {
  const folder = await locate(dataDir);
  for (const { pid } of await findProcesses(folder)) await endProcess(folder, pid, STOP_MS_MAX);
  await rm(folder, { recursive: true, force: true });
}

/** The folder without symbolic links, as the system reports where a process works. */
async function locate(dataDir: string): Promise<string> {
  await mkdir(resolve(dataDir), { recursive: true });
  return realpath(dataDir);
}

/** One password for all servers of a folder, whoever of two callers at once comes first. */
async function readPassword(folder: string): Promise<string> {
  const draft = join(folder, `draft-${randomUUID()}`);
  await writeFile(draft, randomBytes(16).toString('hex'), { mode: 0o600 });
  try {
    await link(draft, join(folder, PASSWORD));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft);
  }
  return readFile(join(folder, PASSWORD), 'utf8');
}

const urlOf = (port: number, password: string): string => `redis://:${password}@${HOST}:${port}`;

interface Ready extends ServerProcess {
  readonly version: string;
}

interface ReadyOptions {
  readonly files: ServerFiles;
  readonly password: string;
  readonly options: RedisOptions;
}

async function launchReady(
  folder: string,
  { files, password, options }: ReadyOptions,
): Promise<Ready> {
  const settings = [
    `bind ${HOST}`,
    `requirepass ${password}`,
    'save ""',
    'appendonly no',
    'maxmemory 64mb',
    ...(options.settings ?? []),
  ];
  for (let ports = 1; ; ports += 1) {
    const port = options.port ?? (await findFreePort(HOST));
    const server = await launch(folder, { files, port, settings });
    try {
      return { pid: server.pid, port, version: await awaitReady(folder, server, password) };
    } catch (error) {
      // Somebody took the port that was free; not ours to change when the caller chose it.
      const isTaken = String(error).includes('Address already in use');
      if (!isTaken || options.port !== undefined || ports >= PORTS_MAX) throw error;
    }
  }
}

async function awaitReady(folder: string, server: Launched, password: string): Promise<string> {
  const url = urlOf(server.port, password);
  for (let waitedMs = 0; waitedMs < READY_MS_MAX; waitedMs += POLL_MS) {
    const failure = await server.failure();
    if (failure !== undefined) throw new Error(failure);
    // Its pid comes when it has the port: nobody else's server is asked.
    const isUp = (await findProcesses(folder)).some(({ pid }) => pid === server.pid);
    const version = isUp ? await versionOf(url, server.pid).catch(() => undefined) : undefined;
    if (version !== undefined) return version;
    await sleep(POLL_MS);
  }
  process.kill(server.pid, 'SIGKILL');
  throw new Error(`Redis (process ${server.pid}) is not ready after ${READY_MS_MAX / 1000} s.`);
}

/** Asks the server itself who it is, so that no other server is ever used. */
async function versionOf(url: string, pid: number): Promise<string | undefined> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS_MAX,
    commandTimeout: CONNECT_MS_MAX,
    // One that starts is asked again by us.
    retryStrategy: () => null,
  });
  // The command that is under way fails by itself; without a listener the error would be printed.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const info = await client.info('server');
    const field = (name: string) => new RegExp(`^${name}:(.*)\\r$`, 'm').exec(info)?.[1];
    return Number(field('process_id')) === pid
      ? (field('valkey_version') ?? field('redis_version'))
      : undefined;
  } finally {
    // A connection that has failed is gone, and ioredis would wait two seconds for its end.
    if (client.status !== 'end') client.disconnect();
  }
}

interface Found extends Ready {
  readonly password: string;
}

function running(
  folder: string,
  { pid, port, version, password }: Found,
  adopted: boolean,
): RunningRedis {
  const stop = (): Promise<void> => endProcess(folder, pid, STOP_MS_MAX);
  const remove = (): Promise<void> => removeRedis(folder);
  return { pid, port, version, adopted, url: urlOf(port, password), stop, remove };
}
