import { parseArgs } from 'node:util';

import { untilSignal } from '../machine/index.js';
import { startRedis } from './start-redis.js';

const HELP = `Starts a Redis server for development and stops it on Ctrl-C; nothing of it stays.

npm run db:up:redis -- [--port N] [--data FOLDER]

  --port N        port to listen on; a free one by default
  --data FOLDER   where password and log live; .dtx/redis by default
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    data: { type: 'string', default: '.dtx/redis' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else await serve();

async function serve(): Promise<void> {
  const server = await startRedis({
    dataDir: values.data,
    required: true,
    ...(values.port !== undefined && { port: Number(values.port) }),
  });
  if (!server) return;
  console.log(`${server.url}\n\nRedis ${server.version} runs (process ${server.pid}).`);
  console.log('Ctrl-C stops it.');
  const signal = await untilSignal();
  await server.stop();
  console.log(`\nRedis stopped (${signal}).`);
  process.exit(0);
}
