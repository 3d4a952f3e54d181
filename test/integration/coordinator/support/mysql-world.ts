import type { Pool, RowDataPacket } from 'mysql2/promise';

import type { SessionStore } from '../../../../lib/coordinator/index.js';
import { openMysqlStore } from '../../../../lib/coordinator/store/mysql/index.js';
import type { TestMariadb } from '../../../servers/test-mariadb.js';
import { createTestMariadb } from '../../../servers/test-mariadb.js';

type Options = Partial<Parameters<typeof openMysqlStore>[0]>;

/** A database of a test's own, and the stores that it opens there. */
export interface MysqlWorld {
  readonly database: TestMariadb;
  /** Beside the stores. */
  readonly plain: Pool;
  open(options?: Options): Promise<SessionStore>;
  rows(sql: string, values?: readonly (string | number)[]): Promise<RowDataPacket[]>;
  /** Closes the stores and drops the database. */
  close(): Promise<void>;
}

export async function openMysqlWorld(): Promise<MysqlWorld> {
  const database = await createTestMariadb();
  const plain = database.pool();
  const stores: SessionStore[] = [];
  return {
    database,
    plain,
    async open(options) {
      const store = await openMysqlStore({ url: database.url, ...options });
      stores.push(store);
      return store;
    },
    rows: async (sql, values = []) => (await plain.query<RowDataPacket[]>(sql, [...values]))[0],
    async close() {
      for (const store of stores) await store.close();
      await database.drop();
    },
  };
}
