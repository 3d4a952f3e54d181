import type { SessionStore } from '../../../lib/coordinator/index.js';
import { openMysqlStore } from '../../../lib/coordinator/store/mysql/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import { changeOf, given, insertOf, session, standing } from './store-conformance/sessions.js';
import type { MysqlWorld } from './support/mysql-world.js';
import { openMysqlWorld } from './support/mysql-world.js';

describeMariadb('A coordinator store in MariaDB behind a network that loses packets', () => {
  let world: MysqlWorld;
  let proxy: FaultProxy;
  let store: SessionStore;

  beforeEach(async () => {
    world = await openMysqlWorld();
    await world.open();
    proxy = await openFaultProxy(Number(new URL(world.database.url).port));
    store = await openMysqlStore({ url: proxiedUrl(), timeoutMs: 1_000 });
  });

  afterEach(async () => {
    await proxy.close();
    await store.close();
    await world.close();
  });

  function proxiedUrl(): string {
    const url = new URL(world.database.url);
    url.port = String(proxy.port);
    return url.href;
  }

  it('does not know what became of a write whose answer was lost, until it looks', async () => {
    await given(store, session());
    proxy.arm('lose-reply', 'UPDATE');
    const change = changeOf(session(), { status: 'committing' });

    const answers = await store.apply([change]);

    expect(proxy.struck).toBe(1);
    expect(answers).toEqual([{ kind: 'unknown', error: expect.anything() }]);
    expect(await standing(store, session())).toEqual(change.after);
  });

  it('does not know what became of a batch whose COMMIT was not answered', async () => {
    await given(store, session());
    proxy.arm('lose-reply', 'COMMIT');
    const change = changeOf(session(), { status: 'committing' });

    const answers = await store.apply([change, insertOf(session({ xid: 'x2' }))]);

    expect(proxy.struck).toBe(1);
    expect(answers.map(({ kind }) => kind)).toEqual(['unknown', 'unknown']);
    expect(await store.load([session(), session({ xid: 'x2' })])).toEqual([
      change.after,
      session({ xid: 'x2' }),
    ]);
  });

  it('gives a connection up that neither answers nor breaks', async () => {
    await given(store, session(), session({ xid: 'x2' }));
    proxy.arm('black-hole', 'UPDATE');
    const begunAt = Date.now();

    const [answer] = await store.apply([changeOf(session())]);

    expect(Date.now() - begunAt).toBeLessThan(3_000);
    expect(proxy.struck).toBe(1);
    expect(answer!.kind).toBe('unknown');
    expect(await standing(store, session({ xid: 'x2' }))).toEqual(session({ xid: 'x2' }));
  });

  it('begins nothing on a connection whose transaction may still be open', async () => {
    const one = await openMysqlStore({
      url: proxiedUrl(),
      timeoutMs: 1_000,
      connectionsMax: 1,
    });
    await given(one, session(), session({ xid: 'x2', version: 5 }));
    proxy.arm('black-hole', 'ROLLBACK');
    const stale = changeOf(session({ xid: 'x2' }));

    const [held] = await one.apply([changeOf(session()), stale]);
    const next = await one.apply([insertOf(session({ xid: 'next' }))]);
    await one.close();

    expect(proxy.struck).toBe(1);
    expect(held!.kind).toBe('done');
    expect(next).toEqual([{ kind: 'done', count: 1 }]);
  });

  it('does not take a lost request for a write', async () => {
    await given(store, session());
    proxy.arm('lose-request', 'UPDATE');

    const [answer] = await store.apply([changeOf(session(), { status: 'committing' })]);

    expect(proxy.struck).toBe(1);
    expect(answer!.kind).not.toBe('done');
    expect(await standing(store, session())).toEqual(session());
  });
});
