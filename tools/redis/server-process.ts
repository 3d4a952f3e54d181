import { type ChildProcess, spawn } from 'node:child_process';
import { open, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAlive } from '../machine/index.js';
import type { ServerFiles } from './server-files.js';

const POLL_MS = 10;
const LOG_TAIL_LINES = 12;

/** A server that works in our folder. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
}

/**
 * The server writes its pid. The port is in the file's name, so that one look tells both, whoever
 * has started the server and was killed then.
 */
const pidFile = (folder: string, port: number): string => join(folder, `server-${port}.pid`);

/** @returns the servers that work in this folder; what killed ones have left is removed */
export async function findProcesses(folder: string): Promise<readonly ServerProcess[]> {
  const found: ServerProcess[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const port = Number(/^server-(\d+)\.pid$/.exec(name)?.[1]);
    if (Number.isNaN(port)) continue;
    const pid = Number(await readFile(pidFile(folder, port), 'utf8').catch(() => ''));
    // A server that starts has made the file and is about to write into it.
    if (pid === 0) continue;
    if (await runsIn(folder, pid)) found.push({ pid, port });
    else await rm(pidFile(folder, port), { force: true });
  }
  return found;
}

/**
 * Whether this process is a server of this folder. A number alone proves nothing, since numbers are
 * used again. The command line does not either: Redis writes its title over it.
 */
async function runsIn(folder: string, pid: number): Promise<boolean> {
  if (platform() !== 'linux') return isAlive(pid);
  return (await readlink(`/proc/${pid}/cwd`).catch(() => '')) === folder;
}

export interface LaunchOptions {
  readonly files: ServerFiles;
  readonly port: number;
  /** Lines as in `redis.conf`. */
  readonly settings: readonly string[];
}

/** A server that has been started, and may end at any moment. */
export interface Launched extends ServerProcess {
  /** @returns why it has ended, undefined as long as it has not */
  failure(): Promise<string | undefined>;
}

/** Starts a server. It outlives this process unless it is stopped. */
export async function launch(
  folder: string,
  { files, port, settings }: LaunchOptions,
): Promise<Launched> {
  const logFile = join(folder, `server-${port}.log`);
  const log = await open(logFile, 'w', 0o600);
  // From its input, since everybody may read a command line and the settings hold a password.
  const server = spawn(files.program, ['-'], {
    cwd: folder,
    env: files.environment,
    stdio: ['pipe', log.fd, log.fd],
    // A group of its own: Ctrl-C in the terminal goes to us, and we stop the server when nobody
    // needs it.
    detached: true,
  });
  server.unref();
  let ended: string | undefined;
  server.once('error', (error) => (ended = error.message));
  server.once('exit', (code, signal) => (ended = String(code ?? signal)));
  const lines = [...settings, `port ${port}`, `pidfile ${pidFile(folder, port)}`, ''];
  tell(server, lines.join('\n'));
  await log.close();
  return {
    pid: server.pid ?? 0,
    port,
    async failure() {
      if (ended === undefined) return undefined;
      const output = (await readFile(logFile, 'utf8')).trim().split('\n').slice(-LOG_TAIL_LINES);
      return `Redis does not start (${ended}):\n${output.join('\n')}`;
    },
  };
}

function tell({ stdin }: ChildProcess, text: string): void {
  // A server that ends early closes the pipe; its exit status tells the reason.
  stdin?.on('error', () => undefined);
  // The server keeps its end open, and ours would keep this process.
  stdin?.end(text, () => stdin.destroy());
}

/** Ends a server of this folder, and nothing else. */
export async function endProcess(folder: string, pid: number, waitMs: number): Promise<void> {
  if (!(await runsIn(folder, pid))) return;
  process.kill(pid, 'SIGTERM');
  for (let waitedMs = 0; await runsIn(folder, pid); waitedMs += POLL_MS) {
    if (waitedMs > waitMs) {
      throw new Error(`Redis (process ${pid}) does not stop after ${waitMs / 1000} s.`);
    }
    await sleep(POLL_MS);
  }
}
