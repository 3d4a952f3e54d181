import { stopAtServers } from './at-servers.js';
import { stopTestMariadb } from './test-mariadb-server.js';
import { stopTestRedis } from './test-redis-server.js';
import { stopTestServer } from './test-server.js';

/** Jest runs this once after all test files. */
export default async function globalTeardown(): Promise<void> {
  await Promise.all([stopTestServer(), stopTestMariadb(), stopTestRedis(), stopAtServers()]);
}
