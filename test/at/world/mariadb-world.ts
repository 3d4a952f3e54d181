import { setTimeout } from 'node:timers/promises';

import type { RowDataPacket } from 'mysql2/promise';

import { IS_FENCE, IS_NO_FENCE } from '../../../lib/resource/at/mysql/agreement.js';
import { dtxMysqlPool } from '../../../lib/resource/driver/mysql2/index.js';
import type { AtResourceOptions } from '../../../lib/resource/typeorm/index.js';
import type { TestMariadb } from '../../servers/test-mariadb.js';
import { createTestMariadb } from '../../servers/test-mariadb.js';
import { composeWorld } from './compose-world.js';
import { mysqlPoolApplication, plainMariadb } from './mariadb-plain.js';
import { openDataSource, typeOrmApplication } from './typeorm-application.js';
import type { Application, PlainDatabase, World, WorldOptions } from './world.interface.js';

export async function openMariadbWorld(server: string, options: WorldOptions): Promise<World> {
  const database = await createTestMariadb(server);
  const plain = plainMariadb(database);
  await plain.sql(options.schema);
  const outside = database.pool({ connectionLimit: 2 });
  const texts = async (sql: string): Promise<readonly string[]> => {
    const [rows] = await outside.query<RowDataPacket[]>(sql);
    return rows.map(({ text }) => String(text));
  };
  return composeWorld({
    ...(await openSeam(database, options)),
    plain,
    url: database.url,
    rollbackWaitMs: options.rollbackWaitMs,
    setting: options.setting,
    locks: () => texts(LOCKS),
    async remains() {
      const found = await texts(REMAINS);
      if (found.length > 0) await setTimeout(TRX_IDLE_MS);
      return found;
    },
    forget: () => plain.sql('DELETE FROM dtx_undo_row'),
  });
}

export async function openMariadbPlain(server: string, schema: string): Promise<PlainDatabase> {
  const plain = plainMariadb(await createTestMariadb(server));
  await plain.sql(schema);
  return plain;
}

const LOCKS = `SELECT CONCAT(tbl, ' ', pk, ' is held by ', xid) AS text FROM dtx_undo_row
WHERE ${IS_NO_FENCE}`;

/**
 * The server lists its transactions anew only when nobody has looked for 100 ms: whoever looks all
 * the time, or two test files in turn, sees the same list for ever.
 */
const TRX_IDLE_MS = 250;

const REMAINS = `
SELECT CONCAT('a fence of ', xid, ', state ', state) AS text FROM dtx_undo_row WHERE ${IS_FENCE}
UNION ALL
SELECT CONCAT('an open transaction of session ', t.trx_mysql_thread_id)
FROM information_schema.innodb_trx t
JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID()`;

interface OpenSeam {
  readonly app: Application;
  readonly source: unknown;
  close(): Promise<void>;
}

async function openSeam(database: TestMariadb, options: WorldOptions): Promise<OpenSeam> {
  const { hostile = false, lockWaitTimeoutMs, seam = 'driver' } = options;
  const dtx: AtResourceOptions = {
    resourceId: 'shop',
    ...options.dtx,
    ...(lockWaitTimeoutMs !== undefined && { lockWaitTimeoutMs }),
  };
  if (seam === 'driver') {
    const pool = dtxMysqlPool(database.pool({ connectionLimit: 4 }), dtx);
    const app = mysqlPoolApplication(pool, hostile ? HOSTILE : []);
    return { app, source: pool, close: () => Promise.resolve() };
  }
  const source = await openDataSource(
    seam,
    { type: 'mariadb', url: database.url, poolSize: 4 },
    dtx,
  );
  return { app: typeOrmApplication(source), source, close: () => source.destroy() };
}

/** Settings that change how values look as text, or how texts are read. */
const HOSTILE = [
  `SET sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'`,
  `SET time_zone = '+05:30'`,
  'SET NAMES latin1',
  `SET collation_connection = 'latin1_swedish_ci'`,
  `SET div_precision_increment = 0`,
];
