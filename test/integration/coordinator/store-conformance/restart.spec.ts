import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import type { EngineUnderTest } from './engines.js';
import { ENGINES } from './engines.js';
import { branch, changeOf, claimOf, ended, given, session, xidsOf } from './sessions.js';

describe.each(ENGINES)('A restart on $engine', ({ create }) => {
  let engine: EngineUnderTest;
  let store: SessionStore;
  beforeAll(async () => {
    engine = await create();
  });
  beforeEach(async () => {
    store = await engine.empty();
  });
  afterAll(() => engine.close());

  it('finds every record as it was', async () => {
    const open = session({ xid: 'open', branches: [branch()] });
    const change = changeOf(session({ xid: 'changed' }), { rollbackOnly: 'no' });
    await given(store, open, ended({ xid: 'ended' }), change.before!);
    await store.apply([change]);

    const reopened = await engine.reopened();

    const found = await reopened.load([open, ended({ xid: 'ended' }), change.after]);
    expect(found).toEqual([open, ended({ xid: 'ended' }), change.after]);
  });

  it('can take over all that is open, and go on writing', async () => {
    await given(store, session({ xid: 'a' }), session({ xid: 'b' }), ended({ xid: 'c' }));

    const reopened = await engine.reopened();

    const taken = await reopened.claim(claimOf({ which: 'open' }));
    expect(xidsOf(taken)).toEqual(['a', 'b']);
    const answers = await reopened.apply(taken.map((one) => changeOf(one)));
    expect(answers.map(({ kind }) => kind)).toEqual(['done', 'done']);
  });

  it('keeps the order of those that began before and after it', async () => {
    await given(store, session({ xid: 'before', leaseUntilMs: 1 }));
    const reopened = await engine.reopened();
    await given(reopened, session({ xid: 'after', leaseUntilMs: 1 }));

    expect(xidsOf(await reopened.list({ which: 'open', countMax: 9 }))).toEqual([
      'before',
      'after',
    ]);
    expect(xidsOf(await reopened.claim(claimOf()))).toEqual(['before', 'after']);
  });
});
