import { removeRedis, startRedis } from '../../tools/redis/index.js';
import { ServerRuns } from '../../tools/machine/index.js';

const runs = new ServerRuns('.cache/test-redis', removeRedis);

/**
 * Starts one Redis server for the whole run. Test files, which run in other processes, find its
 * address in `DTX_TEST_REDIS_URL`. Set that beforehand to test against a server of your own.
 *
 * Where there is none to start, the variable stays empty and tests that need it are skipped; where
 * CI=true, the run fails.
 */
export async function startTestRedis(): Promise<void> {
  if (process.env['DTX_TEST_REDIS_URL'] !== undefined) return;
  await runs.begin();
  const server = await startRedis({ dataDir: runs.own });
  if (server) process.env['DTX_TEST_REDIS_URL'] = server.url;
}

/** Stops the server that `startTestRedis` has started, and removes what it has left. */
export const stopTestRedis = (): Promise<void> => runs.end();
