import {
  openPostgresDatabase,
  openPostgresStore,
} from '../../../../lib/coordinator/store/postgres/index.js';
import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import type { TestDatabase } from '../../../servers/test-database.js';
import { createTestDatabase } from '../../../servers/test-database.js';
import type { FaultProxy } from '../../../support/fault-proxy.js';
import { openFaultProxy } from '../../../support/fault-proxy.js';
import {
  DONE,
  NOW,
  changeOf,
  claimOf,
  given,
  insertOf,
  session,
  standing,
} from '../store-conformance/sessions.js';

const TIMEOUT_MS = 400;

/** A store sees the same connection reset in both cases; only the database knows. */
describe('A PostgreSQL store behind a bad line', () => {
  let database: TestDatabase;
  let proxy: FaultProxy;
  /** Behind the proxy. */
  let store: SessionStore;
  /** What really stands there. */
  let plain: SessionStore;
  beforeEach(async () => {
    database = await createTestDatabase();
    plain = await openPostgresStore({ url: database.url });
    const url = new URL(database.url);
    proxy = await openFaultProxy(Number(url.port));
    url.port = String(proxy.port);
    store = await openPostgresStore({ url: url.href, timeoutMs: TIMEOUT_MS });
  });
  afterEach(async () => {
    await store.close();
    await plain.close();
    await proxy.close();
    await database.drop();
  });

  it('answers unknown when the answer to an applied batch is lost, and reading tells', async () => {
    proxy.arm('lose-reply', 'lost-xid');

    const answers = await store.apply([insertOf(session({ xid: 'lost-xid' }))]);

    expect(proxy.struck).toBe(1);
    expect(answers).toEqual([{ kind: 'unknown', error: expect.anything() }]);
    expect(await standing(store, session({ xid: 'lost-xid' }))).toEqual(
      session({ xid: 'lost-xid' }),
    );
  });

  it('answers unknown when the batch never arrived, and reading tells', async () => {
    proxy.arm('lose-request', 'lost-xid');

    const answers = await store.apply([insertOf(session({ xid: 'lost-xid' }))]);

    expect(proxy.struck).toBe(1);
    expect(answers).toEqual([{ kind: 'unknown', error: expect.anything() }]);
    expect(await standing(store, session({ xid: 'lost-xid' }))).toBeUndefined();
  });

  it('gives every command of the lost batch the same answer', async () => {
    await given(store, session({ xid: 'known' }));
    proxy.arm('lose-reply', 'lost-xid');

    const answers = await store.apply([
      insertOf(session({ xid: 'lost-xid' })),
      changeOf(session({ xid: 'known' })),
    ]);

    expect(answers.map(({ kind }) => kind)).toEqual(['unknown', 'unknown']);
  });

  it('is not applied twice when it is repeated', async () => {
    const change = changeOf(session(), { rollbackOnly: 'lost-reason' });
    await given(store, session());
    proxy.arm('lose-reply', 'lost-reason');
    await store.apply([change]);

    const answers = await store.apply([change]);

    expect(answers).toEqual([{ kind: 'refused', found: change.after }]);
  });

  it('answers unknown within its time-out when the line goes dead', async () => {
    await given(store, session({ xid: 'known' }));
    proxy.arm('black-hole', 'lost-xid');
    const before = performance.now();

    const answers = await store.apply([insertOf(session({ xid: 'lost-xid' }))]);

    expect(performance.now() - before).toBeLessThan(TIMEOUT_MS * 4);
    expect(proxy.struck).toBe(1);
    expect(answers).toEqual([{ kind: 'unknown', error: expect.anything() }]);
    expect(await store.apply([insertOf(session({ xid: 'next' }))])).toEqual([DONE]);
  });

  it('begins nothing on a connection whose transaction may still be open', async () => {
    const url = new URL(database.url);
    url.port = String(proxy.port);
    const options = { url: url.href, timeoutMs: TIMEOUT_MS, connectionsMax: 1 };
    const behind = await openPostgresDatabase(options);
    proxy.arm('black-hole', 'ROLLBACK');

    const failed = behind.transaction(() => Promise.reject(new Error('of the work')));
    await expect(failed).rejects.toThrow('of the work');
    const { rows } = await behind.query('SELECT 1 AS one');

    await behind.close();
    expect(proxy.struck).toBe(1);
    expect(rows).toEqual([{ one: 1 }]);
  });

  it('rejects a read and a claim whose answer is lost, and can claim again later', async () => {
    await given(plain, session({ leaseUntilMs: 0 }));
    proxy.arm('lose-reply', 'lost-node');

    const claim = store.claim(claimOf({ owner: 'lost-node' }));

    await expect(claim).rejects.toThrow('DTX_ERR_TC_STORE');
    expect(await standing(plain, session())).toMatchObject({ owner: 'lost-node', epoch: 2 });
    const again = await store.claim(claimOf({ nowMs: NOW + 60_000 }));
    expect(again).toHaveLength(1);
    proxy.arm('lose-reply', 'lost-xid');
    await expect(standing(store, session({ xid: 'lost-xid' }))).rejects.toThrow('DTX_ERR_TC_STORE');
  });

  it('knows that nothing was written while nobody answers there', async () => {
    await proxy.close();
    // Meets the connection that is lost; what comes next needs a new one.
    await expect(store.list({ which: 'open', countMax: 1 })).rejects.toThrow('DTX_ERR_TC_STORE');

    const answers = await store.apply([insertOf(session()), insertOf(session({ xid: 'x2' }))]);

    expect(answers.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
  });

  it('knows that nothing was written when somebody else holds the row for too long', async () => {
    await given(store, session(), session({ xid: 'free' }));
    const holder = await database.pool().connect();
    await holder.query("BEGIN; SELECT 1 FROM dtx_coordinator.session WHERE xid = 'x1' FOR UPDATE");

    const answers = await store.apply([
      changeOf(session()),
      changeOf(session({ xid: 'free' }), { rollbackOnly: 'written' }),
    ]);

    holder.release(true);
    expect(answers).toEqual([{ kind: 'failed', error: expect.anything() }, DONE]);
    expect(await standing(plain, session())).toEqual(session());
  });

  it('knows that nothing was written to a server that only reads', async () => {
    const pool = database.pool();
    await pool.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
    const reading = await openPostgresStore({ url: database.url });

    const answers = await reading.apply([insertOf(session())]);

    await reading.close();
    expect(answers).toEqual([{ kind: 'failed', error: expect.anything() }]);
  });
});
