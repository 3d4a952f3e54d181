import { startTestServer } from './test-server.js';

/** Jest runs this once before all test files. */
export default async function globalSetup(): Promise<void> {
  await startTestServer();
}
