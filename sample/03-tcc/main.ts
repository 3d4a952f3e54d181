import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { removePostgres } from '../../tools/postgres/index.js';
import { runLoad } from '../support/load/run-load.js';
import { openDatabases } from './databases.js';
import { makeTransfers } from './make-transfers.js';

process.exitCode = await runLoad(
  {
    name: 'tcc',
    script: 'sample:tcc',
    about: `Transfers money between two banks, each a Nest service with a PostgreSQL database of its
own: try freezes it, confirm spends it, cancel unfreezes it. Checks that all of it is still there.`,
    program: fileURLToPath(new URL('./service-program.js', import.meta.url)),
    services: ['transfer', 'north', 'south'],
    path: '/transfers',
    requests: makeTransfers,
    open: openDatabases,
    remove: (folder) => removePostgres(join(folder, 'postgres')),
  },
  process.argv.slice(2),
);
