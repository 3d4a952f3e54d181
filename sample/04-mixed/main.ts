import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { removeMariadb } from '../../tools/mariadb/index.js';
import { removePostgres } from '../../tools/postgres/index.js';
import { runLoad } from '../support/load/run-load.js';
import { openDatabases } from './databases.js';
import { makeOrders } from './make-orders.js';

process.exitCode = await runLoad(
  {
    name: 'mixed',
    script: 'sample:mixed',
    about: `Places orders in three Nest services, each a process with a database of its own: AT and
TCC on PostgreSQL, XA on MariaDB. Checks that orders, money and goods agree.`,
    program: fileURLToPath(new URL('./service-program.js', import.meta.url)),
    services: ['order', 'account', 'stock'],
    path: '/orders',
    requests: makeOrders,
    open: openDatabases,
    async remove(folder) {
      await removePostgres(join(folder, 'postgres'));
      await removeMariadb(join(folder, 'mariadb'));
    },
  },
  process.argv.slice(2),
);
