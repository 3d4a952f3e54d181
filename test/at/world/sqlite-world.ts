import type { AtResourceOptions } from '../../../lib/resource/typeorm/index.js';
import { composeWorld } from './compose-world.js';
import { plainSqlite } from './sqlite-plain.js';
import { openDataSource, typeOrmApplication } from './typeorm-application.js';
import type { PlainDatabase, World, WorldOptions } from './world.interface.js';

const LOCKS = `SELECT tbl || ' ' || pk || ' is held by ' || xid FROM dtx_undo_row`;
const FENCES = `SELECT 'a fence of ' || xid || ', state ' || state FROM dtx_branch_fence`;

/** SQLite is reached through TypeORM: there is no driver whose COMMIT could wait. */
export async function openSqliteWorld(options: WorldOptions): Promise<World> {
  const plain = plainSqlite();
  await plain.sql(options.schema);
  const dtx: AtResourceOptions = {
    resourceId: 'shop',
    ...options.dtx,
    ...(options.lockWaitTimeoutMs !== undefined && {
      lockWaitTimeoutMs: options.lockWaitTimeoutMs,
    }),
  };
  const source = await openDataSource(
    options.seam ?? 'driver',
    { type: 'better-sqlite3', database: plain.file },
    dtx,
  );
  if (options.hostile === true) for (const pragma of HOSTILE) await source.query(pragma);
  return composeWorld({
    plain,
    url: plain.file,
    rollbackWaitMs: options.rollbackWaitMs,
    setting: options.setting,
    app: typeOrmApplication(source),
    source,
    locks: () => Promise.resolve(plain.texts(LOCKS)),
    remains: () => Promise.resolve(plain.texts(FENCES)),
    forget: () => plain.sql('DELETE FROM dtx_undo_row; DELETE FROM dtx_branch_fence'),
    close: () => source.destroy(),
  });
}

export async function openSqlitePlain(schema: string): Promise<PlainDatabase> {
  const plain = plainSqlite();
  await plain.sql(schema);
  return plain;
}

/** Settings that change what statements answer, or how texts are compared. */
const HOSTILE = [
  'PRAGMA case_sensitive_like = ON',
  'PRAGMA reverse_unordered_selects = ON',
  'PRAGMA automatic_index = OFF',
];
