// @ts-check
import { mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * Runs the body with a Redis server of its own, or without one where this machine has none.
 *
 * @param {(url: string | undefined) => Promise<void>} body
 */
export async function withRedis(body) {
  require('../../scripts/load-typescript.cjs');
  const { startRedis } = /** @type {typeof import('../../tools/redis/index.js')} */ (
    require('../../tools/redis/index.ts')
  );
  const server = await startRedis({ dataDir: mkdtempSync(join(tmpdir(), 'dtx-consume-redis-')) });
  try {
    await body(server?.url);
  } finally {
    await server?.remove();
  }
}
