import { join } from 'node:path';

import type { Pool } from 'mysql2/promise';
import { createPool } from 'mysql2/promise';
import { TransactionManager } from 'nestjs-dtx';
import { dtxMysqlPool } from 'nestjs-dtx/mysql2';

import type { RunningMariadb } from '../../../tools/mariadb/index.js';
import { startMariadb } from '../../../tools/mariadb/index.js';
import type { Closers } from '../closers.js';
import { openInFolder, soon } from '../closers.js';
import { FileError } from '../file-error.js';
import { lockWaitTimeoutMs, startApplication } from '../start-application.js';
import type { Copy, World } from '../world.interface.js';
import { copyOf, databaseOf, outsideOf } from './databases.js';
import { loadFile } from './load-file.js';
import { readModel } from './read-model.js';
import { mariadbDialect } from './statements.js';

const MAIN = 'main';

interface Derived {
  readonly copy: Copy;
  end(): Promise<unknown>;
}

export const openMariadb = (sql: string): Promise<World> =>
  openInFolder(async (folder, closers) => {
    const dataDir = join(folder, 'mariadb');
    const server = await startMariadb({ dataDir, durable: false, required: true });
    if (server === undefined) throw new Error('There is no MariaDB to write to.');
    closers.add(() => server.remove());
    return fill(server, join(folder, 'coordinator.db'), sql, closers);
  });

async function fill(
  server: RunningMariadb,
  store: string,
  sql: string,
  closers: Closers,
): Promise<World> {
  const admin = createPool({ uri: server.url(), connectionLimit: 1 });
  closers.add(() => admin.end());
  const poolTo = (name: string): Pool => createPool({ uri: server.url(name), connectionLimit: 4 });
  const lay = async (name: string): Promise<Pool> => {
    await admin.query(`CREATE DATABASE ${name}`);
    await loadFile(server.url(name), sql);
    return poolTo(name);
  };
  const plain = await lay(MAIN);
  closers.add(() => plain.end());
  const model = await readModel(plain);
  const { tables } = model;
  if (tables.length === 0) throw new FileError('There is no table in the file.');
  const derive = async (name: string): Promise<Derived> => {
    const pools = [poolTo(name), await lay(name)] as const;
    const copy = copyOf(...pools, MAIN, tables);
    // A file may fill its tables with random values.
    await copy.align(tables);
    return { copy, end: () => Promise.all(pools.map((each) => each.end())) };
  };
  const [copy, scratch] = [await derive('copy'), await derive('scratch')];
  closers.add(() => Promise.all([copy.end(), scratch.end()]));
  const pool = dtxMysqlPool(poolTo(MAIN), { resourceId: 'fuzz', lockWaitTimeoutMs });
  const app = await startApplication(store, pool);
  closers.add(async () => {
    await soon(app.close());
    await pool.end();
  });
  return {
    title: `MariaDB ${server.version}`,
    dialect: mariadbDialect,
    model,
    manager: app.get(TransactionManager),
    main: databaseOf(pool),
    outside: outsideOf(plain, tables),
    copies: [copy.copy, scratch.copy],
    async tryOut(work) {
      const [one, other] = [await derive('try_one'), await derive('try_other')];
      try {
        return await work(one.copy, other.copy);
      } finally {
        await soon(Promise.all([one.end(), other.end()]));
        await admin.query('DROP DATABASE try_one');
        await admin.query('DROP DATABASE try_other');
      }
    },
    close: closers.close,
  };
}
