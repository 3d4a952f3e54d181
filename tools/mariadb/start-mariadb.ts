import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { createConnection, type RowDataPacket } from 'mysql2/promise';

import { findOrSkip, type ServerSearch } from '../machine/index.js';
import { findFreePort } from '../postgres/launch.js';
import {
  type DataFolder,
  initialise,
  locateDataFolder,
  readPassword,
  SUPERUSER,
} from './data-folder.js';
import { findServerFiles, USUAL_SEARCH } from './server-files.js';
import { endProcess, findProcess, launch, type Launched } from './server-process.js';

const HOST = '127.0.0.1';
const STOP_MS_MAX = 60_000;
const CONNECT_MS_MAX = 10_000;
const RETRY_MS = 100;
const RETRIES_MAX = 100;

/** What to start. */
export interface MariadbOptions {
  /** Where the data lives; made when it is not there. Relative to the working directory. */
  readonly dataDir: string;
  /** @default a free port */
  readonly port?: number;
  /** More options of the server, such as `--log-bin`. They do not reach a server that runs. */
  readonly settings?: readonly string[];
  /** `false` lets a crash damage the data, and is faster. @default true */
  readonly durable?: boolean;
  /** Throw when this machine has no MariaDB and cannot get one. @default true where CI=true */
  readonly required?: boolean;
  readonly search?: ServerSearch;
}

/** A server that takes connections. */
export interface RunningMariadb {
  readonly port: number;
  readonly pid: number;
  /** As the server says it, such as `10.11.18-MariaDB-0+deb12u1`. */
  readonly version: string;
  /** Whether the server ran before. */
  readonly adopted: boolean;
  /** @returns the address of a database, or of none, with user and password */
  url(database?: string): string;
  /** Stops the server and leaves the data. Safe to repeat. */
  stop(): Promise<void>;
  /** Stops the server and removes the data. */
  remove(): Promise<void>;
}

/**
 * Starts a MariaDB server on the given data, or takes over the one that runs on it: the one of this
 * machine, else Debian's package, unpacked below `.cache` without root.
 *
 * It listens on 127.0.0.1 alone, behind a password, and is not tied to this process: killed at any
 * moment, the next call with the same folder finds the running server, or starts it again on the
 * same data. It has no binary log, and keeps little in memory.
 *
 * @returns undefined when this machine has no MariaDB and cannot get one, after a line on stderr
 */
export async function startMariadb(options: MariadbOptions): Promise<RunningMariadb | undefined> {
  const files = await findOrSay(options);
  if (!files) return undefined;
  const data = await locateDataFolder(options.dataDir);
  for (let retries = 0; ; retries += 1) {
    const found = await findProcess(data);
    try {
      if (found) return await verified(data, { ...found, adopted: true });
      await initialise(data, files);
      const port = options.port ?? (await findFreePort(HOST));
      const settings = [...serverSettings(data, options), ...(options.settings ?? [])];
      return await verified(data, await launch(data, { files, port, settings }));
    } catch (error) {
      const hasEnded = found !== undefined && (await findProcess(data))?.pid !== found.pid;
      if (retries >= RETRIES_MAX || !(hasEnded || passesSoon(error, options))) throw error;
      await sleep(RETRY_MS);
    }
  }
}

/** Stops the server on this data, if one runs, and removes the data. */
export async function removeMariadb(dataDir: string): Promise<void> {
  const data = await locateDataFolder(dataDir);
  const found = await findProcess(data);
  if (found) await endProcess(data, found.pid, STOP_MS_MAX);
  await rm(data.folder, { recursive: true, force: true });
}

const findOrSay = ({ required, search = USUAL_SEARCH }: MariadbOptions) =>
  findOrSkip(() => findServerFiles(search), {
    ...(required !== undefined && { required }),
    missing: 'MariaDB is missing: install mariadb-server.',
  });

const serverSettings = ({ folder }: DataFolder, { durable = true }: MariadbOptions): string[] => [
  `--bind-address=${HOST}`,
  // No local socket: its path would have to be shorter than many a checkout's.
  '--socket=',
  '--skip-name-resolve',
  '--skip-log-bin',
  '--max-connections=200',
  '--character-set-server=utf8mb4',
  '--default-time-zone=+00:00',
  '--local-infile=0',
  // SQL reaches no file outside, whoever runs the server.
  `--secure-file-priv=${folder}`,
  ...(durable
    ? ['--innodb-flush-log-at-trx-commit=1']
    : ['--innodb-flush-log-at-trx-commit=0', '--skip-innodb-doublewrite']),
];

/** Each of these is over in a moment, when we look again. */
function passesSoon(error: unknown, options: MariadbOptions): boolean {
  const { code, message = '' } = error as { code?: unknown; message?: string };
  return (
    // The server was killed, and its process was still there when we looked.
    code === 'ECONNREFUSED' ||
    code === 'ECONNRESET' ||
    // Another process starts a server on the same data: the next look finds it.
    message.includes('Unable to lock ./ibdata1') ||
    message.includes('exclusive lock') ||
    // Somebody took the port that was free; not ours to change when the caller chose it.
    (message.includes('Address already in use') && options.port === undefined)
  );
}

/** Asks the server itself whose data it serves, so that no other server is ever used. */
async function verified(data: DataFolder, server: Launched): Promise<RunningMariadb> {
  const password = await readPassword(data);
  const url = (database = ''): string =>
    `mysql://${SUPERUSER}:${password}@${HOST}:${server.port}/${encodeURIComponent(database)}`;
  const { dataDir, version } = await identify(url());
  if (dataDir !== `${data.cluster}/`) {
    throw new Error(`The server on port ${server.port} serves ${dataDir}, not ${data.cluster}/.`);
  }
  const stop = (): Promise<void> => endProcess(data, server.pid, STOP_MS_MAX);
  const remove = async (): Promise<void> => {
    await stop();
    await rm(data.folder, { recursive: true, force: true });
  };
  return { ...server, version, url, stop, remove };
}

interface Identity {
  readonly dataDir: string;
  readonly version: string;
}

async function identify(url: string): Promise<Identity> {
  const connection = await createConnection({ uri: url, connectTimeout: CONNECT_MS_MAX });
  // The query that is under way fails by itself; without a listener the process would end.
  connection.on('error', () => undefined);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(
      'SELECT @@datadir AS dataDir, @@version AS version',
    );
    return rows[0] as Identity;
  } finally {
    await connection.end();
  }
}
