import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAlive } from '../machine/index.js';
import { type DataFolder, placeSettings, temporaryFolder } from './data-folder.js';
import type { ServerFiles } from './server-files.js';

const READY_MS_MAX = 60_000;
const POLL_MS = 10;
const LOG_TAIL_LINES = 12;

/** A server on our data. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
}

/**
 * The server writes its pid when it has the data and the port. The port is in the file's name, so
 * that one look tells both, whoever has started the server and was killed then.
 */
const pidFile = ({ folder }: DataFolder, port: number): string =>
  join(folder, `server-${port}.pid`);

/** @returns the server that runs on this data; what killed servers have left is removed */
export async function findProcess(data: DataFolder): Promise<ServerProcess | undefined> {
  for (const name of await readdir(data.folder)) {
    const port = Number(/^server-(\d+)\.pid$/.exec(name)?.[1]);
    if (Number.isNaN(port)) continue;
    const text = await readFile(pidFile(data, port), 'utf8').catch(() => '');
    const pid = Number(text);
    // A server that starts has made the file and is about to write into it.
    if (pid === 0) continue;
    if (await runsOn(data, pid)) return { pid, port };
    await rm(pidFile(data, port), { force: true });
  }
  return undefined;
}

/**
 * Whether this process is the server of this data. A number alone proves nothing, since numbers are
 * used again.
 */
async function runsOn({ cluster }: DataFolder, pid: number): Promise<boolean> {
  if (platform() !== 'linux') return isAlive(pid);
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  // Of a server that was killed the memory goes first; its threads hold the files a little longer.
  if (commandLine === '') return (await threadCount(pid)) > 1;
  return commandLine.split('\0').includes(`--datadir=${cluster}`);
}

const threadCount = async (pid: number): Promise<number> =>
  (await readdir(`/proc/${pid}/task`).catch(() => [])).length;

export interface LaunchOptions {
  readonly files: ServerFiles;
  readonly port: number;
  readonly settings: readonly string[];
}

export interface Launched extends ServerProcess {
  /** Whether another process has started it. */
  readonly adopted: boolean;
}

/** Starts the server and waits until it listens. It outlives this process unless it is stopped. */
export async function launch(data: DataFolder, options: LaunchOptions): Promise<Launched> {
  const { files, port } = options;
  // Under a name of its own until the server runs: another process may be starting one on the same
  // data.
  const logDraft = join(data.folder, `starting-${randomUUID()}.log`);
  await mkdir(temporaryFolder(data.cluster), { recursive: true, mode: 0o700 });
  const log = await open(logDraft, 'wx', 0o600);
  const settings = [
    ...placeSettings(data.cluster, files),
    ...options.settings,
    `--port=${port}`,
    `--pid-file=${pidFile(data, port)}`,
  ];
  const server = spawn(files.program, ['--no-defaults', ...settings], {
    cwd: data.folder,
    env: files.environment,
    stdio: ['ignore', log.fd, log.fd],
    // A group of its own: Ctrl-C in the terminal goes to us, and we stop the server when nobody
    // needs it.
    detached: true,
  });
  server.unref();
  let failure: string | undefined;
  server.once('error', (error) => (failure = error.message));
  server.once('exit', (code, signal) => (failure = String(code ?? signal)));
  try {
    for (let waitedMs = 0; failure === undefined && waitedMs < READY_MS_MAX; waitedMs += POLL_MS) {
      const found = await findProcess(data);
      if (found && found.pid === server.pid) {
        await rename(logDraft, data.log);
        return { ...found, adopted: false };
      }
      if (found) {
        // Somebody was faster. Ours would wait half a minute for the lock on the data.
        server.kill('SIGKILL');
        return { ...found, adopted: true };
      }
      await sleep(POLL_MS);
    }
    server.kill('SIGKILL');
    const output = (await readFile(logDraft, 'utf8')).trim().split('\n').slice(-LOG_TAIL_LINES);
    throw new Error(`MariaDB does not start (${failure ?? 'too slow'}):\n${output.join('\n')}`);
  } finally {
    await log.close();
    await rm(logDraft, { force: true });
  }
}

/** Ends the sessions, rolls their transactions back, and leaves the data clean. */
export async function endProcess(data: DataFolder, pid: number, waitMs: number): Promise<void> {
  if (!(await runsOn(data, pid))) return;
  process.kill(pid, 'SIGTERM');
  for (let waitedMs = 0; await runsOn(data, pid); waitedMs += POLL_MS) {
    if (waitedMs > waitMs) {
      throw new Error(`MariaDB (process ${pid}) does not stop after ${waitMs / 1000} s.`);
    }
    await sleep(POLL_MS);
  }
}
