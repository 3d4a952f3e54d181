import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import type { EngineUnderTest } from './engines.js';
import { ENGINES } from './engines.js';
import { DONE, branch, changeOf, given, insertOf, session, standing } from './sessions.js';

describe.each(ENGINES)('Writes in $engine', ({ create }) => {
  let engine: EngineUnderTest;
  let store: SessionStore;
  beforeAll(async () => {
    engine = await create();
  });
  beforeEach(async () => {
    store = await engine.empty();
  });
  afterAll(() => engine.close());

  it('insert a session that is not there', async () => {
    expect(await store.apply([insertOf(session())])).toEqual([DONE]);
    expect(await standing(store, session())).toEqual(session());
  });

  // Engines may have a shorter way for a lone write.
  describe.each([
    ['alone', []],
    ['in company', [insertOf(session({ xid: 'a' })), insertOf(session({ xid: 'z' }))]],
  ])('%s', (_with, company) => {
    it('insert a session once, and say what stands there already', async () => {
      await given(store, session({ name: 'first' }));

      const [answer, ...others] = await store.apply([
        insertOf(session({ name: 'second' })),
        ...company,
      ]);

      expect(answer).toEqual({ kind: 'refused', found: session({ name: 'first' }) });
      expect(others).toEqual(company.map(() => DONE));
      expect(await standing(store, session())).toEqual(session({ name: 'first' }));
    });

    it('replace a session under the version they were decided on', async () => {
      await given(store, session());
      const change = changeOf(session(), { branches: [branch()], leaseUntilMs: 5 });

      const answers = await store.apply([change, ...company]);

      expect(answers).toEqual([DONE, ...company.map(() => DONE)]);
      expect(await standing(store, session())).toEqual(change.after);
    });

    it('change nothing under a stale version', async () => {
      const second = changeOf(session(), { rollbackOnly: 'the first reason' });
      await given(store, session());
      await store.apply([second]);

      const stale = changeOf(session(), { status: 'committing' });
      const [answer, ...others] = await store.apply([stale, ...company]);

      expect(answer).toEqual({ kind: 'refused', found: second.after });
      expect(others).toEqual(company.map(() => DONE));
      expect(await standing(store, session())).toEqual(second.after);
    });

    it('change nothing under a stale epoch', async () => {
      await given(store, session({ epoch: 2 }));

      const stale = changeOf(session({ epoch: 1 }));
      const [answer, ...others] = await store.apply([stale, ...company]);

      expect(answer).toEqual({ kind: 'refused', found: session({ epoch: 2 }) });
      expect(others).toEqual(company.map(() => DONE));
      expect(await standing(store, session())).toEqual(session({ epoch: 2 }));
    });

    it('change nothing where nothing stands', async () => {
      const [answer, ...others] = await store.apply([changeOf(session()), ...company]);

      expect(answer).toEqual({ kind: 'refused', found: undefined });
      expect(others).toEqual(company.map(() => DONE));
      expect(await standing(store, session())).toBeUndefined();
    });

    it('change a namespace and leave the others', async () => {
      const elsewhere = session({ namespace: 'other', name: 'elsewhere' });
      await given(store, session(), elsewhere);

      await store.apply([changeOf(elsewhere, { rollbackOnly: 'no' }), ...company]);

      expect(await standing(store, session())).toEqual(session());
      expect(await standing(store, elsewhere)).toMatchObject({ rollbackOnly: 'no' });
    });
  });

  it('let the changes of one session in one batch follow each other', async () => {
    const begin = insertOf(session());
    const joined = changeOf(begin.after, { branches: [branch()] });
    const decided = changeOf(joined.after, { status: 'committing' });

    expect(await store.apply([begin, joined, decided])).toEqual([DONE, DONE, DONE]);
    expect(await standing(store, session())).toEqual(decided.after);
  });

  it('refuse all changes of a session in a batch when the first one does not hold', async () => {
    const standingNow = session({ version: 7 });
    await given(store, standingNow);
    const first = changeOf(session());

    const answers = await store.apply([first, changeOf(first.after)]);

    const refused = { kind: 'refused', found: standingNow };
    expect(answers).toEqual([refused, refused]);
  });

  it('answer each command of a batch by itself', async () => {
    const other = session({ xid: 'x2' });
    await given(store, session(), other);

    const answers = await store.apply([
      insertOf(session({ xid: 'x3' })),
      changeOf({ ...other, version: 8 }),
      changeOf(session()),
    ]);

    expect(answers).toEqual([DONE, { kind: 'refused', found: other }, DONE]);
  });

  it('answer a batch of many sessions in its order', async () => {
    const xids = Array.from({ length: 300 }, (_, index) => `many-${(index * 7919) % 300}`);
    const sessions = xids.map((xid) => session({ xid }));
    await given(store, ...sessions.filter((_, index) => index % 3 === 0));

    const answers = await store.apply(
      sessions.map((one, index) => (index % 2 === 0 ? changeOf(one) : insertOf(one))),
    );

    const isThere = (index: number): boolean => index % 3 === 0;
    const holds = (index: number): boolean => (index % 2 === 0) === isThere(index);
    expect(answers.map(({ kind }) => kind)).toEqual(
      sessions.map((_, index) => (holds(index) ? 'done' : 'refused')),
    );
  });

  it('say what stands when the whole batch is through', async () => {
    await given(store, session());
    const stale = { ...session({ xid: 'x2', version: 4 }) };
    await given(store, stale);

    const [, refused] = await store.apply([
      changeOf(session(), { rollbackOnly: 'now' }),
      changeOf({ ...stale, version: 3 }),
    ]);

    expect(refused).toEqual({ kind: 'refused', found: stale });
  });

  it('answer an empty batch', async () => {
    expect(await store.apply([])).toEqual([]);
  });
});
