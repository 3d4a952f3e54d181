import type { SessionStore } from '../../../../lib/coordinator/index.js';
import { findSqliteDriver } from '../../../../lib/coordinator/store/sqlite/find-driver.js';
import { connect } from '../../../../lib/coordinator/store/sqlite/open-store.js';
import { migrate } from '../../../../lib/coordinator/store/sqlite/migrate.js';
import type * as port from '../../../../lib/coordinator/store/sqlite/sqlite-database.interface.js';
import * as engine from '../../../../lib/coordinator/store/sqlite/sqlite-session.store.js';
import type { WalFile } from '../../../../lib/coordinator/store/sqlite/wal-file.js';
import { walFileOf } from '../../../../lib/coordinator/store/sqlite/wal-file.js';

export interface SqliteUnderTest {
  readonly store: SessionStore;
  /** The connection of the store. */
  readonly database: port.SqliteDatabase;
}

/**
 * A store whose connection the test can reach. `spoil` may replace what the store sees of it, and
 * `wal` how it waits for the disk.
 */
export async function sqliteUnderTest(
  file: string,
  spoil: (database: port.SqliteDatabase) => port.SqliteDatabase = (database) => database,
  wal: WalFile = walFileOf(file),
): Promise<SqliteUnderTest> {
  const driver = await findSqliteDriver();
  const database = connect(driver, file);
  migrate(database, file);
  const store = new engine.SqliteSessionStore(
    {
      place: file,
      isShared: false,
      open: () => connect(driver, file),
      canReopen: true,
      wal,
      release: () => undefined,
    },
    spoil(database),
  );
  return { store, database };
}
