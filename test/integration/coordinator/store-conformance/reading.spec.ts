import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import type { EngineUnderTest } from './engines.js';
import { ENGINES } from './engines.js';
import {
  NOW,
  branch,
  ended,
  given,
  insertOf,
  purgeOf,
  session,
  standing,
  xidsOf,
} from './sessions.js';

const STUCK = [branch({ status: 'needs-attention' })];

describe.each(ENGINES)('Records in $engine', ({ create }) => {
  let engine: EngineUnderTest;
  let store: SessionStore;
  beforeAll(async () => {
    engine = await create();
  });
  beforeEach(async () => {
    store = await engine.empty();
  });
  afterAll(() => engine.close());

  it('are loaded in the order of the keys, with a gap for each that is missing', async () => {
    await given(store, session({ xid: 'a' }), session({ xid: 'b' }));
    const keys = ['b', 'missing', 'a', 'b'].map((xid) => ({ namespace: 'default', xid }));

    expect(xidsOf(await store.load(keys))).toEqual(['b', undefined, 'a', 'b']);
    expect(await store.load([])).toEqual([]);
  });

  it('are not found under another namespace', async () => {
    await given(store, session());

    expect(await standing(store, { namespace: 'other', xid: 'x1' })).toBeUndefined();
  });

  it('are listed while open, the oldest first', async () => {
    await given(
      store,
      session({ xid: 'new', beganAtMs: 30 }),
      session({ xid: 'old', beganAtMs: 10 }),
      ended({ xid: 'ended', beganAtMs: 5 }),
      session({ xid: 'between', beganAtMs: 20 }),
    );

    const list = (countMax: number) => store.list({ which: 'open', countMax });

    expect(xidsOf(await list(10))).toEqual(['old', 'between', 'new']);
    expect(xidsOf(await list(2))).toEqual(['old', 'between']);
  });

  it('are listed when ended, the last one first', async () => {
    await given(
      store,
      ended({ xid: 'first', endedAtMs: 10 }),
      ended({ xid: 'last', endedAtMs: 30 }),
      session({ xid: 'open' }),
      ended({ xid: 'second', endedAtMs: 20 }),
    );
    await given(store, ended({ xid: 'later-begun', endedAtMs: 20 }));

    const list = (countMax: number) => store.list({ which: 'ended', countMax });

    expect(xidsOf(await list(10))).toEqual(['last', 'later-begun', 'second', 'first']);
    expect(xidsOf(await list(1))).toEqual(['last']);
  });

  it('are listed for a person while open and stuck', async () => {
    await given(
      store,
      session({ xid: 'later', beganAtMs: 20, branches: STUCK }),
      session({ xid: 'stuck', beganAtMs: 10, branches: STUCK }),
      session({ xid: 'fine', branches: [branch()] }),
      ended({ xid: 'ended', branches: STUCK }),
    );

    const found = await store.list({ which: 'attention', countMax: 10 });

    expect(xidsOf(found)).toEqual(['stuck', 'later']);
    expect(found[0]).toEqual(session({ xid: 'stuck', beganAtMs: 10, branches: STUCK }));
  });

  it.each(['open', 'ended', 'attention'] as const)(
    'of one namespace are listed alone (%s)',
    async (which) => {
      const make = which === 'ended' ? ended : session;
      await given(
        store,
        make({ xid: 'here', branches: STUCK }),
        make({ xid: 'there', namespace: 'other', branches: STUCK }),
      );

      const there = await store.list({ which, namespace: 'other', countMax: 10 });

      expect(xidsOf(there)).toEqual(['there']);
      expect(await store.list({ which, namespace: 'nobody', countMax: 10 })).toEqual([]);
    },
  );

  it('are purged by age, open ones never', async () => {
    await given(
      store,
      ended({ xid: 'old', endedAtMs: 10 }),
      ended({ xid: 'edge', endedAtMs: 20 }),
      ended({ xid: 'young', endedAtMs: 30 }),
      session({ xid: 'open', beganAtMs: 1 }),
    );

    expect(await store.apply([purgeOf(20)])).toEqual([{ kind: 'done', count: 1 }]);
    const left = await store.list({ which: 'ended', countMax: 10 });
    expect(xidsOf(left)).toEqual(['young', 'edge']);
    expect(await standing(store, { namespace: 'default', xid: 'open' })).toBeDefined();
  });

  it('are purged the oldest first, not more at once than asked for', async () => {
    await given(
      store,
      ended({ xid: 'second', endedAtMs: 20 }),
      ended({ xid: 'first', endedAtMs: 10 }),
      ended({ xid: 'third', endedAtMs: 30 }),
    );

    expect(await store.apply([purgeOf(NOW, 2)])).toEqual([{ kind: 'done', count: 2 }]);
    expect(xidsOf(await store.list({ which: 'ended', countMax: 10 }))).toEqual(['third']);
    expect(await store.apply([purgeOf(NOW, 2)])).toEqual([{ kind: 'done', count: 1 }]);
    expect(await store.apply([purgeOf(NOW, 2)])).toEqual([{ kind: 'done', count: 0 }]);
  });

  it('are not found any more by a write of the batch that purges them', async () => {
    const old = ended({ endedAtMs: 10 });
    await given(store, old);

    const answers = await store.apply([insertOf(session()), purgeOf(NOW)]);

    expect(answers).toEqual([
      { kind: 'refused', found: undefined },
      { kind: 'done', count: 1 },
    ]);
  });

  it('can begin anew under an xid that was purged', async () => {
    await given(store, ended({ endedAtMs: 10 }));
    await store.apply([purgeOf(NOW)]);

    await given(store, session());

    expect(await standing(store, session())).toEqual(session());
  });

  it('tell when the oldest one ended that a count would keep', async () => {
    await given(
      store,
      ended({ xid: 'b', endedAtMs: 20 }),
      ended({ xid: 'a', endedAtMs: 10 }),
      ended({ xid: 'c', endedAtMs: 30 }),
      session({ xid: 'open' }),
    );

    expect(await store.endedAtOfNewest(1)).toBe(30);
    expect(await store.endedAtOfNewest(3)).toBe(10);
    expect(await store.endedAtOfNewest(4)).toBeUndefined();
  });
});
