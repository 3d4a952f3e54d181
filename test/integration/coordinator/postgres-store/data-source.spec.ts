import { DataSource } from 'typeorm';
import { DataSource as OldDataSource } from 'typeorm-0.3';

import { openPostgresStore } from '../../../../lib/coordinator/store/postgres/index.js';
import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import { openAtWorld } from '../../../support/at-world.js';
import type { FaultProxy } from '../../../support/fault-proxy.js';
import { openFaultProxy } from '../../../support/fault-proxy.js';
import type { TestDatabase } from '../../../servers/test-database.js';
import { createTestDatabase } from '../../../servers/test-database.js';
import { withDtx } from '../../../../lib/resource/typeorm/index.js';
import {
  DONE,
  changeOf,
  claimOf,
  ended,
  given,
  insertOf,
  purgeOf,
  session,
  standing,
  xidsOf,
} from '../store-conformance/sessions.js';

const TIMEOUT_MS = 400;

describe('A PostgreSQL store over a TypeORM data source', () => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  let source: DataSource;
  let store: SessionStore;
  beforeEach(async () => {
    database = await createTestDatabase();
    const url = new URL(database.url);
    proxy = await openFaultProxy(Number(url.port));
    url.port = String(proxy.port);
    source = await new DataSource({ type: 'postgres', url: url.href, poolSize: 2 }).initialize();
    store = await openPostgresStore({ dataSource: source, timeoutMs: TIMEOUT_MS });
  });
  afterEach(async () => {
    await store.close();
    if (source.isInitialized) await source.destroy();
    await proxy.close();
    await database.drop();
  });

  it('keeps what the interface promises', async () => {
    await given(store, session(), ended({ xid: 'old', endedAtMs: 1 }));
    const change = changeOf(session(), { leaseUntilMs: 0 });

    expect(await store.apply([change, purgeOf(5), insertOf(session({ xid: 'x2' }))])).toEqual([
      DONE,
      DONE,
      DONE,
    ]);
    expect(await store.apply([change])).toEqual([{ kind: 'refused', found: change.after }]);
    expect(xidsOf(await store.claim(claimOf()))).toEqual(['x1']);
    expect(xidsOf(await store.list({ which: 'open', countMax: 9 }))).toEqual(['x1', 'x2']);
  });

  it('isolates a row that the server refuses', async () => {
    const answers = await store.apply([
      insertOf(session({ xid: 'poison', name: 'a\0b' })),
      insertOf(session()),
    ]);

    expect(answers).toEqual([{ kind: 'failed', error: expect.anything() }, DONE]);
  });

  it('answers unknown when the answer is lost, and reading tells', async () => {
    proxy.arm('lose-reply', 'lost-xid');

    const answers = await store.apply([insertOf(session({ xid: 'lost-xid' }))]);

    expect(answers).toEqual([{ kind: 'unknown', error: expect.anything() }]);
    expect(await standing(store, session({ xid: 'lost-xid' }))).toBeDefined();
  });

  it('answers unknown within its time-out when the line goes dead, again and again', async () => {
    // More often than the pool has connections: a dead one must not stay in it.
    for (let round = 0; round < 4; round += 1) {
      proxy.arm('black-hole', 'lost-xid');
      const [answer] = await store.apply([insertOf(session({ xid: 'lost-xid' }))]);
      expect(answer).toEqual({ kind: 'unknown', error: expect.anything() });
    }

    expect(await store.apply([insertOf(session())])).toEqual([DONE]);
  });

  it('says that nothing was written when the pool has no connection left', async () => {
    const runners = [source.createQueryRunner(), source.createQueryRunner()];
    for (const runner of runners) await runner.connect();

    const answers = [
      ...(await store.apply([insertOf(session())])),
      ...(await store.apply([insertOf(session())])),
    ];

    for (const runner of runners) await runner.release();
    const failed = { kind: 'failed', error: expect.anything() };
    expect(answers).toEqual([failed, failed]);
    // The connections that came too late went back to the pool.
    expect(await standing(store, session())).toBeUndefined();
  });

  it('asks for one that is initialized', async () => {
    const opening = openPostgresStore({ dataSource: new DataSource({ type: 'postgres' }) });

    await expect(opening).rejects.toThrow(/DTX_ERR_CONFIG_OPTION.*initialize\(\)/);
  });

  it('takes one of TypeORM 0.3, too', async () => {
    const old = await new OldDataSource({ type: 'postgres', url: database.url }).initialize();
    const other = await openPostgresStore({ dataSource: old });

    expect(await other.apply([insertOf(session()), insertOf(session({ xid: 'x2' }))])).toEqual([
      DONE,
      DONE,
    ]);
    expect(await other.apply([changeOf(session({ version: 7 }))])).toMatchObject([
      { kind: 'refused' },
    ]);
    expect(xidsOf(await other.claim(claimOf({ which: 'open' })))).toEqual(['x1', 'x2']);
    await old.destroy();
  });

  it('leaves the data source open when it is closed', async () => {
    await store.close();

    expect(await source.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('A data source that takes part in global transactions itself', () => {
  it('holds the records of the coordinator outside of them', async () => {
    const world = await openAtWorld();
    const source = await new DataSource(
      withDtx(
        { type: 'postgres', url: world.database.url },
        // The worst case: the tables of the coordinator have their triggers, too.
        { resourceId: 'orders', schemas: ['public', 'dtx_coordinator'] },
      ),
    ).initialize();
    const store = await openPostgresStore({ dataSource: source });
    await world.start(source);

    const run = world.manager.run({ name: 'inside' }, async () => {
      await source.query('UPDATE account SET balance = 0 WHERE id = 1');
      await given(store, session());
      throw new Error('after the work');
    });

    await expect(run).rejects.toThrow('after the work');
    // The row of the application is back; the record of the coordinator has stayed.
    expect(await world.rows('SELECT balance FROM account WHERE id = 1')).toEqual([
      { balance: 100 },
    ]);
    expect(await standing(store, session())).toEqual(session());
    await source.destroy();
    await world.close();
  });
});
