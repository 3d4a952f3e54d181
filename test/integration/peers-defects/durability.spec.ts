import { copyFileSync } from 'node:fs';

import type { RowDataPacket } from 'mysql2';
import { DataSource } from 'typeorm';

import type { SessionStore } from '../../../lib/coordinator/index.js';
import { openCoordinator, openSqliteStore } from '../../../lib/coordinator/index.js';
import { openMysqlStore } from '../../../lib/coordinator/store/mysql/index.js';
import { openPostgresStore } from '../../../lib/coordinator/store/postgres/index.js';
import type { WalFile } from '../../../lib/coordinator/store/sqlite/wal-file.js';
import { walFileOf } from '../../../lib/coordinator/store/sqlite/wal-file.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { createTestDatabase } from '../../servers/test-database.js';
import { createTestMariadb, describeMariadb } from '../../servers/test-mariadb.js';
import { begin, register } from '../coordinator/support/client.js';
import { RecordingLog } from '../coordinator/support/recording-log.js';
import { sqliteUnderTest } from '../coordinator/support/sqlite-under-test.js';
import { testFolder } from '../coordinator/support/test-folder.js';
import { startNode } from './node-under-test.js';

/*
 * Seata's file store waits two seconds at most for the disk and goes on, and can be told not to
 * wait at all. Then what was answered may be gone behind a power failure.
 */
describe('A decision that was answered', () => {
  const folder = testFolder();

  it.each(['commit', 'rollback'] as const)(
    'P8: is on the disk at the moment of the answer: %s',
    async (direction) => {
      const file = folder.path('coordinator.db');
      const disk = new PowerlessDisk(file);
      const { store } = await sqliteUnderTest(file, undefined, disk);
      const { client, orders } = await startNode(store, { servesOthers: true });
      orders.answers({ kind: 'retry', error: 'not yet' });
      const xid = await begin(client);
      const branchId = await register(client, xid);

      const answered = await client[direction]({ xid, waitMs: 0 });
      const left = disk.cutPower(folder.path('left.db'));

      await client.close();
      await store.close();
      const found = await openSqliteStore(left);
      const [session] = await found.load([{ namespace: 'default', xid }]);
      await found.close();
      expect(answered.status).toBe({ commit: 'committing', rollback: 'rolling-back' }[direction]);
      expect(session).toMatchObject({ status: answered.status, branches: [{ branchId }] });
    },
  );

  it.each(['its default', 'the URL'])('P8: is so too where %s says otherwise', async (place) => {
    const database = await createTestDatabase();
    const plain = database.pool();
    const url = new URL(database.url);
    if (place === 'the URL') url.searchParams.set('options', '-c synchronous_commit=off');
    else await plain.query(`ALTER DATABASE ${database.name} SET synchronous_commit = off`);
    const store = await openPostgresStore({ url: url.href });
    await plain.query(`
      CREATE TABLE seen (status text, waits text);
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO public.seen VALUES (NEW.status, current_setting('synchronous_commit'));
        RETURN NEW; END $$;
      CREATE TRIGGER note BEFORE INSERT OR UPDATE ON dtx_coordinator.session
      FOR EACH ROW EXECUTE FUNCTION note()`);
    const { client } = await startNode(store);
    const xid = await begin(client);
    await register(client, xid);

    await client.commit({ xid, waitMs: 5_000 });

    const { rows } = await plain.query<{ status: string; waits: string }>('SELECT * FROM seen');
    expect(rows.map(({ status }) => status)).toEqual(
      expect.arrayContaining(['active', 'committed']),
    );
    expect(new Set(rows.map(({ waits }) => waits))).toEqual(new Set(['on']));
    await client.close();
    await store.close();
    await database.drop();
  });
});

describe('A coordinator whose database answers before its disk', () => {
  const warningsAt = async (store: SessionStore): Promise<readonly string[]> => {
    const log = new RecordingLog();
    const coordinator = await openCoordinator({ store, clock: systemClock, ids: systemIds, log });
    await coordinator.close();
    return log.lines;
  };

  it('P8: says so at its start, on a data source of PostgreSQL', async () => {
    const database = await createTestDatabase();
    const options = { type: 'postgres', url: database.url } as const;
    const open = async (setting: string): Promise<readonly string[]> => {
      const extra = { options: `-c synchronous_commit=${setting}` };
      const dataSource = await new DataSource({ ...options, extra }).initialize();
      const lines = await warningsAt(await openPostgresStore({ dataSource }));
      await dataSource.destroy();
      return lines;
    };

    const [off, on] = [await open('off'), await open('on')];

    await database.drop();
    expect(off).toEqual([expect.stringMatching(/^warn .*synchronous_commit = off/)]);
    expect(on).toEqual([]);
  });

  describeMariadb('on MariaDB', () => {
    it('P8: says so at its start, with the setting of the server', async () => {
      const database = await createTestMariadb();
      const plain = database.pool();
      const setting = 'innodb_flush_log_at_trx_commit';
      const [rows] = await plain.query<RowDataPacket[]>(`SELECT @@GLOBAL.${setting} AS value`);
      const warnings = async (value: unknown): Promise<readonly string[]> => {
        await plain.query(`SET GLOBAL ${setting} = ${Number(value)}`);
        return warningsAt(await openMysqlStore({ url: database.url }));
      };

      const [lazy, durable] = [await warnings(2), await warnings(1)];

      await warnings(rows[0]?.['value']);
      await database.drop();
      expect(lazy).toEqual([expect.stringMatching(new RegExp(`^warn .*${setting} = 2`))]);
      expect(durable).toEqual([]);
    });
  });
});

/** A disk that keeps what was synced, and nothing else, when the power fails. */
class PowerlessDisk implements WalFile {
  readonly #file: string;
  readonly #real: WalFile;

  constructor(file: string) {
    this.#file = file;
    this.#real = walFileOf(file);
  }

  async sync(): Promise<void> {
    await this.#real.sync();
    copyFileSync(this.#file, `${this.#file}.synced`);
    copyFileSync(`${this.#file}-wal`, `${this.#file}.synced-wal`);
  }

  reserve(): void {
    // As long as it has to be: less to copy.
  }

  close(): void {
    this.#real.close();
  }

  /** @returns the file as it is found afterwards */
  cutPower(target: string): string {
    copyFileSync(`${this.#file}.synced`, target);
    copyFileSync(`${this.#file}.synced-wal`, `${target}-wal`);
    return target;
  }
}
