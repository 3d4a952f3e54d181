import { readFile, rm } from 'node:fs/promises';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;

/** What a running server writes into `postmaster.pid` in its data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  readonly status: string;
  /** Of the shared memory segment that the server's processes hold as long as one of them lives. */
  readonly sharedMemoryId: string;
}

/**
 * @returns the server that runs on this cluster, once it is ready, or `undefined` when there is
 * none
 * @throws when one is there and does not become ready in time
 */
export async function findPostmaster(
  cluster: string,
  waitMs: number,
): Promise<Postmaster | undefined> {
  let found = await readPostmaster(cluster);
  for (let waitedMs = 0; found && (await runsOn(cluster, found.pid)); waitedMs += POLL_MS) {
    if (found.status === 'ready') return found;
    if (waitedMs > waitMs) throw new Error(tooSlow(found.pid, `is "${found.status}"`, waitMs));
    await sleep(POLL_MS);
    found = await readPostmaster(cluster);
  }
  return undefined;
}

async function readPostmaster(cluster: string): Promise<Postmaster | undefined> {
  const text = await readFile(pidFile(cluster), 'utf8').catch(() => '');
  const [pid, , , port, , , sharedMemory, status] = text.split('\n').map((line) => line.trim());
  // The server adds line by line while it starts: without a status it is not ready, whatever else
  // is there.
  return Number(pid) > 0
    ? {
        pid: Number(pid),
        port: Number(port),
        status: status ?? 'starting',
        sharedMemoryId: sharedMemory?.split(/\s+/)[1] ?? '',
      }
    : undefined;
}

/**
 * Removes a `postmaster.pid` that PostgreSQL would take for a running server's: the number in it
 * has gone to another process of the same user, or to a dead one that nobody has collected (process
 * 1 of a container may not do that).
 *
 * PostgreSQL deals with all other remains of a killed server by itself.
 */
export async function clearMisleadingPid(cluster: string): Promise<void> {
  const remains = await readPostmaster(cluster);
  if (!remains || !isAlive(remains.pid) || (await runsOn(cluster, remains.pid))) return;

  // Children of a killed server may still be at work, and the file is what keeps a new server away
  // from their data.
  if (await isAttached(remains.sharedMemoryId)) {
    throw new Error(
      `Processes of a server that was killed still work in ${cluster}. Wait for their end and ` +
        'try again.',
    );
  }
  await rm(pidFile(cluster), { force: true });
}

async function isAttached(sharedMemoryId: string): Promise<boolean> {
  const segments = (await readFile('/proc/sysvipc/shm', 'utf8')).split('\n').slice(1);
  const columns = segments.map((row) => row.trim().split(/\s+/));
  return columns.some(([, id, , , , , attached]) => id === sharedMemoryId && Number(attached) > 0);
}

/**
 * Whether this process is the server of this cluster. A number alone proves nothing, since numbers
 * are used again.
 *
 * The command line is readable where the working directory is not: for root in a container, who may
 * look into other users' processes only with a privilege that containers do not have.
 */
async function runsOn(cluster: string, pid: number): Promise<boolean> {
  if (platform() !== 'linux') return isAlive(pid);
  const commandLine = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(cluster);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Fast shutdown: sessions are ended, their transactions rolled back, and the data is left clean.
 */
export async function endPostmaster(pid: number, cluster: string, waitMs: number): Promise<void> {
  if (!(await runsOn(cluster, pid))) return;
  process.kill(pid, 'SIGINT');
  for (let waitedMs = 0; await runsOn(cluster, pid); waitedMs += POLL_MS) {
    if (waitedMs > waitMs) throw new Error(tooSlow(pid, 'does not stop', waitMs));
    await sleep(POLL_MS);
  }
}

const pidFile = (cluster: string): string => join(cluster, 'postmaster.pid');

const tooSlow = (pid: number, what: string, waitMs: number): string =>
  `PostgreSQL (process ${pid}) ${what} after ${waitMs / 1000} s.`;
