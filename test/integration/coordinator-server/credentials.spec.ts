import { systemIds } from '../../../lib/system/index.js';
import { TestServer } from './support/test-server.js';

const AT = 1;
const ABSENT = 6;

describe('A server with keys', () => {
  let test: TestServer;
  beforeEach(async () => {
    test = await TestServer.open({
      keys: ['new-key', 'old-key', { key: 'shop-key', namespaces: ['shop', 'shop-test'] }],
    });
  });
  afterEach(() => TestServer.closeAll());

  it.each(['new-key', 'old-key'])('lets in whoever has one of them: %s', async (credential) => {
    const client = await test.join({ credential, namespace: 'anything' });

    expect(client.goodbye).toBeUndefined();
  });

  it.each(['', 'new-kez', 'new-key ', 'NEW-KEY', 'new-keynew-key'])(
    'sends everybody else away: "%s"',
    async (credential) => {
      const client = test.connect();

      await expect(client.hello({ credential })).rejects.toThrow('DTX_ERR_PROTOCOL_CREDENTIAL');
      expect(client.status).toMatchObject({ code: 16 });
      expect(test.server.stats().streams).toBe(0);
    },
  );

  it('opens with a bound key the namespaces that it names', async () => {
    const client = await test.join({ credential: 'shop-key', namespace: 'shop-test' });

    expect(client.goodbye).toBeUndefined();
  });

  it('opens with a bound key nothing else', async () => {
    const client = test.connect();

    const refused = client.hello({ credential: 'shop-key', namespace: 'bank' });

    await expect(refused).rejects.toThrow('for namespace "bank"');
  });

  it('never logs a key that was given', async () => {
    await expect(test.connect().hello({ credential: 'n0t-a-key' })).rejects.toThrow();

    expect(test.lines.join()).toContain('DTX_ERR_PROTOCOL_CREDENTIAL');
    expect(test.lines.join()).not.toContain('n0t-a-key');
  });

  it('refuses an empty key at the start', async () => {
    await expect(TestServer.open({ keys: ['a', ''] })).rejects.toThrow('keys is ""');
  });
});

describe('Namespaces', () => {
  let test: TestServer;
  beforeEach(async () => {
    test = await TestServer.open();
  });
  afterEach(() => test.close());

  it('cannot see each other', async () => {
    const shop = await test.join({ namespace: 'shop' });
    const bank = await test.join({ namespace: 'bank' });
    const xid = systemIds.newXid();
    await shop.ask({ begin: { xid, name: 'place', timeoutMs: 60_000 } });

    const seen = await bank.summaryOf({ status: { xid } });
    const joined = await bank.refusalOf({
      registerBranch: { xid, branchId: '1', type: AT, resourceId: 'bank/db' },
    });
    await bank.refusalOf({ setRollbackOnly: { xid, reason: 'out of spite' } });
    const ended = await bank.summaryOf({ rollback: { xid, waitMs: 0 } });

    expect(seen).toMatchObject({ status: ABSENT });
    expect(joined).toMatchObject({ code: 'DTX_ERR_TC_NOT_ACTIVE' });
    expect(ended).toMatchObject({ status: ABSENT });
    expect(await shop.summaryOf({ commit: { xid, waitMs: 0 } })).toMatchObject({ status: 3 });
  });

  it('may have resources and instances of the same names', async () => {
    const resources = [{ resourceId: 'db', type: AT }];
    const shop = await test.join({ namespace: 'shop', resources });
    const bank = await test.join({ namespace: 'bank', resources });
    const xid = systemIds.newXid();
    await bank.ask({
      registerBranch: {
        xid,
        branchId: '7',
        type: AT,
        resourceId: 'db',
        begin: { name: 'pay', timeoutMs: 60_000 },
      },
    });
    await bank.ask({ commit: { xid, waitMs: 0 } });

    const call = await bank.phaseTwo();

    expect(call.targets).toEqual([expect.objectContaining({ xid, branchId: '7' })]);
    expect(shop.find('phaseTwo')).toBeUndefined();
  });
});
