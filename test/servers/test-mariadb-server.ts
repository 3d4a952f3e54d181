import { removeMariadb, startMariadb } from '../../tools/mariadb/index.js';
import { ServerRuns } from '../../tools/machine/index.js';

const runs = new ServerRuns('.cache/test-mariadb', removeMariadb);

/**
 * Starts one MariaDB server for the whole run. Test files, which run in other processes, find its
 * address in `DTX_TEST_MARIADB_URL`. Set that beforehand to test against a server of your own.
 *
 * Where there is none to start, the variable stays empty and tests that need it are skipped; where
 * CI=true, the run fails.
 */
export async function startTestMariadb(): Promise<void> {
  if (process.env['DTX_TEST_MARIADB_URL'] !== undefined) return;
  await runs.begin();
  const server = await startMariadb({ dataDir: runs.own, durable: false });
  if (server) process.env['DTX_TEST_MARIADB_URL'] = server.url();
}

/** Stops the server that `startTestMariadb` has started, and removes its data. */
export const stopTestMariadb = (): Promise<void> => runs.end();
