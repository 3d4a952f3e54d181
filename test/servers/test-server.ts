import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { removePostgres, startPostgres } from '../../tools/postgres/index.js';

const RUNS = '.cache/test-postgres';
const ownRun = (): string => join(RUNS, String(process.pid));

/**
 * Starts one server for the whole run. Test files, which run in other processes, find its address
 * in `DTX_TEST_POSTGRES_URL`. Set that beforehand to test against a server of your own.
 */
export async function startTestServer(): Promise<void> {
  if (process.env['DTX_TEST_POSTGRES_URL'] !== undefined) return;
  await removeDeadRuns();
  // The folder itself marks the run, since the data may have to live elsewhere.
  await mkdir(ownRun(), { recursive: true });
  const server = await startPostgres({ dataDir: ownRun(), durable: false });
  process.env['DTX_TEST_POSTGRES_URL'] = server.url();
}

/** Stops the server that `startTestServer` has started, and removes its data. */
export async function stopTestServer(): Promise<void> {
  await removeRun(ownRun());
}

/** A run that was killed has left its server running. */
async function removeDeadRuns(): Promise<void> {
  const pids = await readdir(RUNS).catch(() => []);
  for (const pid of pids.filter((name) => !isAlive(Number(name)))) await removeRun(join(RUNS, pid));
}

async function removeRun(run: string): Promise<void> {
  await removePostgres(run);
  await rm(run, { recursive: true, force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
