import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import { NEVER_MS } from '../../../../lib/protocol/index.js';
import type { EngineUnderTest } from './engines.js';
import { ENGINES } from './engines.js';
import { NOW, changeOf, claimOf, ended, given, session, standing, xidsOf } from './sessions.js';

describe.each(ENGINES)('Claims in $engine', ({ create }) => {
  let engine: EngineUnderTest;
  let store: SessionStore;
  beforeAll(async () => {
    engine = await create();
  });
  beforeEach(async () => {
    store = await engine.empty();
  });
  afterAll(() => engine.close());

  it('take what has lapsed, and nothing else', async () => {
    await given(
      store,
      session({ xid: 'long-ago', leaseUntilMs: 0 }),
      session({ xid: 'just-now', leaseUntilMs: NOW }),
      session({ xid: 'not-yet', leaseUntilMs: NOW + 1 }),
      session({ xid: 'never', leaseUntilMs: NEVER_MS }),
      ended({ xid: 'ended', leaseUntilMs: 0 }),
    );

    const claimed = await store.claim(claimOf());

    expect(xidsOf(claimed)).toEqual(['long-ago', 'just-now']);
  });

  it('take all that is open, if asked to', async () => {
    await given(
      store,
      session({ xid: 'never', leaseUntilMs: NEVER_MS }),
      session({ xid: 'not-yet', leaseUntilMs: NOW + 1 }),
      ended({ xid: 'ended' }),
    );

    const claimed = await store.claim(claimOf({ which: 'open' }));

    expect(xidsOf(claimed)).toEqual(['not-yet', 'never']);
  });

  it('move owner, epoch, version and lease, durably', async () => {
    const lapsed = session({ leaseUntilMs: 0, epoch: 4, version: 9 });
    await given(store, lapsed);

    const claimed = await store.claim(claimOf({ owner: 'node-b', leaseUntilMs: NOW + 5 }));

    const taken = { ...lapsed, owner: 'node-b', epoch: 5, version: 10, leaseUntilMs: NOW + 5 };
    expect(claimed).toEqual([taken]);
    expect(await standing(store, lapsed)).toEqual(taken);
  });

  it('leave nothing to what the old owner has decided', async () => {
    const lapsed = session({ leaseUntilMs: 0 });
    await given(store, lapsed);
    const [taken] = await store.claim(claimOf());

    const answers = await store.apply([changeOf(lapsed, { status: 'committing' })]);

    expect(answers).toEqual([{ kind: 'refused', found: taken }]);
  });

  it('take those first that lapsed first, and not more than asked for', async () => {
    await given(
      store,
      session({ xid: 'third', leaseUntilMs: 30 }),
      session({ xid: 'first', leaseUntilMs: 10 }),
      session({ xid: 'second', leaseUntilMs: 20 }),
    );

    expect(xidsOf(await store.claim(claimOf({ countMax: 2 })))).toEqual(['first', 'second']);
    expect(xidsOf(await store.claim(claimOf({ countMax: 2 })))).toEqual(['third']);
    expect(await store.claim(claimOf())).toEqual([]);
  });

  it('leave what a node has let lapse itself to the others for a while', async () => {
    const lapsed = session({ owner: 'node-b', leaseUntilMs: NOW - 10 });
    await given(store, lapsed, session({ xid: 'of-another', leaseUntilMs: NOW }));

    const early = await store.claim(claimOf({ ownLapsedAtMs: NOW - 11 }));
    const late = await store.claim(claimOf({ ownLapsedAtMs: NOW - 10 }));

    expect(xidsOf(early)).toEqual(['of-another']);
    expect(xidsOf(late)).toEqual(['x1']);
    expect(late[0]).toMatchObject({ owner: 'node-b', epoch: 2, version: 2 });
  });

  it('take all that is open, whoever has let it lapse', async () => {
    await given(store, session({ owner: 'node-b', leaseUntilMs: NOW }));

    const claimed = await store.claim(claimOf({ which: 'open', ownLapsedAtMs: 0 }));

    expect(xidsOf(claimed)).toEqual(['x1']);
  });

  it('begin with the oldest among those that lapsed at once', async () => {
    const xids = ['c', 'a', 'b'];
    for (const xid of xids) await given(store, session({ xid, leaseUntilMs: 10 }));

    expect(xidsOf(await store.claim(claimOf()))).toEqual(xids);
  });

  it('can claim again what lapsed again', async () => {
    await given(store, session({ leaseUntilMs: 0 }));
    await store.claim(claimOf({ leaseUntilMs: NOW + 10 }));

    const [again] = await store.claim(claimOf({ owner: 'node-c', nowMs: NOW + 10 }));

    expect(again).toMatchObject({ owner: 'node-c', epoch: 3, version: 3 });
  });

  it('find at once what a node has handed over, and leave the rest to it', async () => {
    const untouched = [
      session({ xid: 'lapsed', leaseUntilMs: 5 }),
      session({ xid: 'nothing-to-do', leaseUntilMs: NEVER_MS }),
      session({ xid: 'of-another', owner: 'node-z' }),
      ended({ xid: 'ended' }),
    ];
    await given(store, session({ xid: 'mine' }), ...untouched);

    await store.handOver('node-a', NOW);

    expect(await standing(store, session({ xid: 'mine' }))).toEqual(
      session({ xid: 'mine', leaseUntilMs: NOW }),
    );
    expect(await store.load(untouched)).toEqual(untouched);
    expect(xidsOf(await store.claim(claimOf()))).toEqual(['lapsed', 'mine']);
  });

  it('let the old owner write what it handed over until somebody takes it', async () => {
    await given(store, session());
    await store.handOver('node-a', NOW);

    const answers = await store.apply([changeOf(session(), { leaseUntilMs: NOW + 99 })]);

    expect(answers).toEqual([{ kind: 'done', count: 1 }]);
    expect(await store.claim(claimOf())).toEqual([]);
  });
});

const SHARED = ENGINES.filter(({ isShared }) => isShared);

describe.each(SHARED)('Two nodes on $engine', ({ create }) => {
  let engine: EngineUnderTest;
  let store: SessionStore;
  let other: SessionStore;
  beforeAll(async () => {
    engine = await create();
  });
  beforeEach(async () => {
    store = await engine.empty();
    other = await engine.another();
  });
  afterAll(() => engine.close());

  it('that claim at the same time never get the same session', async () => {
    const xids = Array.from({ length: 200 }, (_, index) => `x${index}`);
    await given(store, ...xids.map((xid, index) => session({ xid, leaseUntilMs: index })));

    const claims = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        (index % 2 === 0 ? store : other).claim(
          claimOf({ owner: `node-${index % 2}`, countMax: 10 }),
        ),
      ),
    );

    const claimed = xidsOf(claims.flat());
    expect(new Set(claimed).size).toBe(claimed.length);
    const rest = await store.claim(claimOf({ countMax: 200 }));
    expect([...claimed, ...xidsOf(rest)].sort()).toEqual([...xids].sort());
  });

  it('that write the same sessions at the same time change each of them once', async () => {
    const sessions = Array.from({ length: 40 }, (_, index) => session({ xid: `x${index}` }));
    await given(store, ...sessions);

    const [ones, others] = await Promise.all([
      store.apply(sessions.map((one) => changeOf(one, { owner: 'node-a' }))),
      other.apply([...sessions].reverse().map((one) => changeOf(one, { owner: 'node-b' }))),
    ]);

    const answers = [...ones].map(({ kind }, index) => [kind, others[39 - index]?.kind].sort());
    expect(answers).toEqual(sessions.map(() => ['done', 'refused']));
    const standingNow = await store.load(sessions);
    expect(standingNow.map((found) => found?.version)).toEqual(sessions.map(() => 2));
  });

  it('that begin the same session at the same time begin it once', async () => {
    const rounds = Array.from({ length: 20 }, (_, index) => session({ xid: `x${index}` }));

    const answers = await Promise.all(
      rounds.map(async (one) => {
        const pair = await Promise.all(
          [store, other].map((node) =>
            node.apply([{ kind: 'begin', before: undefined, after: one, branch: undefined }]),
          ),
        );
        return pair
          .flat()
          .map(({ kind }) => kind)
          .sort();
      }),
    );

    expect(answers).toEqual(rounds.map(() => ['done', 'refused']));
  });

  it('see at once what the other one was answered', async () => {
    for (let round = 0; round < 20; round += 1) {
      const one = session({ xid: `x${round}` });
      await given(store, one);
      expect(await standing(other, one)).toEqual(one);
    }
  });

  it('race for one session step by step without losing one', async () => {
    await given(store, session());

    const wins = await Promise.all(
      [store, other].map(async (node) => {
        let won = 0;
        for (let round = 0; round < 25; round += 1) {
          const found = await standing(node, session());
          const [answer] = await node.apply([changeOf(found ?? session())]);
          if (answer?.kind === 'done') won += 1;
        }
        return won;
      }),
    );

    const end = await standing(store, session());
    expect(end?.version).toBe(1 + wins.reduce((sum, won) => sum + won, 0));
  });
});
