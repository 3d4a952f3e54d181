import { askedEngines, startAtServers } from './at-servers.js';
import { startTestMariadb } from './test-mariadb-server.js';
import { startTestRedis } from './test-redis-server.js';
import { startTestServer } from './test-server.js';

/** Jest runs this once before all test files. */
export default async function globalSetup(): Promise<void> {
  const asked = askedEngines();
  const needs = (engine: string): boolean => asked?.includes(engine) ?? true;
  await Promise.all([
    needs('postgres') && startTestServer(),
    needs('mariadb') && startTestMariadb(),
    needs('redis') && startTestRedis(),
  ]);
  await startAtServers();
}
