import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type DataFolder, SERVER_ENVIRONMENT } from './data-folder.js';
import { findPostmaster, type Postmaster } from './postmaster.js';
import type { ServerUser } from './server-user.js';

const READY_MS_MAX = 60_000;
const POLL_MS = 10;
const LOG_TAIL_LINES = 12;

export interface LaunchOptions {
  readonly programs: string;
  readonly user: ServerUser | undefined;
  readonly settings: Readonly<Record<string, string>>;
}

/**
 * Starts the server and waits until it takes connections. It outlives this process unless it is
 * stopped.
 */
export async function launch(data: DataFolder, options: LaunchOptions): Promise<Postmaster> {
  // Under a name of its own until the server runs: another process may be starting one on the same
  // data.
  const logDraft = join(data.folder, `starting-${randomUUID()}.log`);
  const log = await open(logDraft, 'wx', 0o600);
  const settings = Object.entries(options.settings).map(([name, value]) => `${name}=${value}`);
  const server = spawn(
    join(options.programs, 'postgres'),
    ['-D', data.cluster, ...settings.flatMap((setting) => ['-c', setting])],
    {
      ...options.user,
      cwd: '/',
      env: SERVER_ENVIRONMENT,
      stdio: ['ignore', log.fd, log.fd],
      // A group of its own: Ctrl-C in the terminal goes to us, and we stop the server when nobody
      // needs it.
      detached: true,
    },
  );
  server.unref();
  let failure: string | undefined;
  server.once('error', (error) => (failure = error.message));
  server.once('exit', (code, signal) => (failure = String(code ?? signal)));
  try {
    for (let waitedMs = 0; failure === undefined && waitedMs < READY_MS_MAX; waitedMs += POLL_MS) {
      const found = await findPostmaster(data.cluster, READY_MS_MAX);
      if (found && found.pid === server.pid) {
        await rename(logDraft, data.log);
        return found;
      }
      await sleep(POLL_MS);
    }
    const output = (await readFile(logDraft, 'utf8')).trim().split('\n').slice(-LOG_TAIL_LINES);
    throw new Error(`PostgreSQL does not start (${failure ?? 'too slow'}):\n${output.join('\n')}`);
  } finally {
    await log.close();
    await rm(logDraft, { force: true });
  }
}

/**
 * A port that nobody listens on at this moment; the caller takes another one when somebody was
 * faster.
 */
export function findFreePort(host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, host, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}
