import { startTestMariadb } from './test-mariadb-server.js';
import { startTestRedis } from './test-redis-server.js';
import { startTestServer } from './test-server.js';

/** Jest runs this once before all test files. */
export default async function globalSetup(): Promise<void> {
  await Promise.all([startTestServer(), startTestMariadb(), startTestRedis()]);
}
