import { parseArgs } from 'node:util';

import { untilSignal } from '../machine/index.js';
import { startMariadb } from './start-mariadb.js';

const HELP = `Starts a MariaDB server for development and stops it on Ctrl-C.

node scripts/run.mjs tools/mariadb/main.ts [--port N] [--data FOLDER]

  --port N        port to listen on; a free one by default
  --data FOLDER   where the data lives; .dtx/mariadb by default
`;

const { values } = parseArgs({
  options: {
    port: { type: 'string' },
    data: { type: 'string', default: '.dtx/mariadb' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else await serve();

async function serve(): Promise<void> {
  const server = await startMariadb({
    dataDir: values.data,
    required: true,
    ...(values.port !== undefined && { port: Number(values.port) }),
  });
  if (!server) return;
  console.log(`${server.url()}\n\nMariaDB ${server.version} runs (process ${server.pid}).`);
  console.log('Ctrl-C stops it.');
  const signal = await untilSignal();
  await server.stop();
  console.log(`\nMariaDB stopped (${signal}).`);
  process.exit(0);
}
