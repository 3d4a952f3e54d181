import { stopTestServer } from './test-server.js';

/** Jest runs this once after all test files. */
export default async function globalTeardown(): Promise<void> {
  await stopTestServer();
}
