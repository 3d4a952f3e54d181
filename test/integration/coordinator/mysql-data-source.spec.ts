import { DataSource } from 'typeorm';

import type { SessionStore } from '../../../lib/coordinator/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import {
  DONE,
  NOW,
  branch,
  changeOf,
  claimOf,
  given,
  insertOf,
  session,
} from './store-conformance/sessions.js';
import type { MysqlWorld } from './support/mysql-world.js';
import { openMysqlWorld } from './support/mysql-world.js';

describeMariadb('A coordinator store in MariaDB over a data source of the application', () => {
  let world: MysqlWorld;
  let source: DataSource;
  let store: SessionStore;

  beforeEach(async () => {
    world = await openMysqlWorld();
    source = await new DataSource({ type: 'mariadb', url: world.database.url }).initialize();
    store = await world.open({ dataSource: source });
  });

  afterEach(async () => {
    await source.destroy();
    await world.close();
  });

  it('writes, refuses and claims', async () => {
    await given(store, session(), session({ xid: 'x2', leaseUntilMs: NOW }));
    const change = changeOf(session(), { branches: [branch({ data: '"é🎂\\' })] });

    expect(await store.apply([change, insertOf(session({ xid: 'x2' }))])).toEqual([
      DONE,
      { kind: 'refused', found: session({ xid: 'x2', leaseUntilMs: NOW }) },
    ]);
    expect(await store.load([session()])).toEqual([change.after]);
    expect(await store.claim(claimOf())).toMatchObject([{ xid: 'x2', epoch: 2, version: 2 }]);
  });

  it('is refused where connections have no autocommit', async () => {
    const createQueryRunner = (mode: 'master') => {
      const runner = source.createQueryRunner(mode);
      const connect = runner.connect.bind(runner);
      runner.connect = async () => {
        const connection = (await connect()) as { promise(): { query(sql: string): unknown } };
        await connection.promise().query('SET autocommit = 0');
        return connection;
      };
      return runner;
    };
    const dataSource = { isInitialized: true, options: source.options, createQueryRunner };

    await expect(world.open({ dataSource })).rejects.toThrow(
      /DTX_ERR_CONFIG_OPTION.*dataSource is "autocommit = 0"\. Turn autocommit on/,
    );
  });

  it('leaves the data source open when it is closed', async () => {
    await store.close();

    await expect(source.query('SELECT 1 AS one')).resolves.toEqual([{ one: expect.anything() }]);
  });
});
