import { parseArgs } from 'node:util';

import { untilSignal } from '../machine/index.js';
import { startPostgres } from './start-postgres.js';

const HELP = `Starts a PostgreSQL server for development and stops it on Ctrl-C.

npm run db:up -- [--port N] [--data FOLDER]

  --port N        port to listen on; a free one by default
  --data FOLDER   where the data lives; .dtx/postgres by default
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    data: { type: 'string', default: '.dtx/postgres' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else await serve();

async function serve(): Promise<void> {
  const server = await startPostgres({
    dataDir: values.data,
    ...(values.port !== undefined && { port: Number(values.port) }),
  });
  console.log(`${server.url()}\n\nPostgreSQL runs (process ${server.pid}). Ctrl-C stops it.`);
  const signal = await untilSignal();
  await server.stop();
  console.log(`\nPostgreSQL stopped (${signal}).`);
  process.exit(0);
}
