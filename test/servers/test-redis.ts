/** Whether the run has a Redis server. If not, its start has said so aloud. */
const hasRedis = (): boolean => process.env['DTX_TEST_REDIS_URL'] !== undefined;

/** Skips its tests where the run has no Redis server. */
export const describeRedis = hasRedis() ? describe : describe.skip;

/** Where the Redis server of the run is, as its clients and Nest's transport take it. */
export interface TestRedis {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly password: string;
}

/**
 * The server of the run, shared by all test files: take names of your own for what you publish and
 * subscribe to.
 */
export function testRedis(): TestRedis {
  const url = process.env['DTX_TEST_REDIS_URL'];
  if (url === undefined) {
    throw new Error(
      'DTX_TEST_REDIS_URL is not set: start the tests with "npm test" or "npx jest", which start ' +
        'a server where the machine has Redis.',
    );
  }
  const { hostname, port, password } = new URL(url);
  return { url, host: hostname, port: Number(port || 6379), password };
}
