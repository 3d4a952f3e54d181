import { removePostgres, startPostgres } from '../../tools/postgres/index.js';
import { ServerRuns } from '../../tools/machine/index.js';

const runs = new ServerRuns('.cache/test-postgres', removePostgres);

/**
 * Starts one server for the whole run. Test files, which run in other processes, find its address
 * in `DTX_TEST_POSTGRES_URL`. Set that beforehand to test against a server of your own.
 */
export async function startTestServer(): Promise<void> {
  if (process.env['DTX_TEST_POSTGRES_URL'] !== undefined) return;
  await runs.begin();
  const server = await startPostgres({ dataDir: runs.own, durable: false });
  process.env['DTX_TEST_POSTGRES_URL'] = server.url();
}

/** Stops the server that `startTestServer` has started, and removes its data. */
export const stopTestServer = (): Promise<void> => runs.end();
