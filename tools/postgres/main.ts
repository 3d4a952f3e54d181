import { parseArgs } from 'node:util';

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
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, resolve);
    // Without it nothing would keep this process: the server is not tied to it.
    setInterval(() => undefined, 60_000);
  });
  await server.stop();
  console.log(`\nPostgreSQL stopped (${signal}).`);
  process.exit(0);
}
