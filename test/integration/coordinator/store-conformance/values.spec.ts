import type { Session } from '../../../../lib/coordinator/core/index.js';
import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import {
  BRANCH_DATA_LENGTH_MAX,
  ERROR_TEXT_LENGTH_MAX,
  NAME_LENGTH_MAX,
  NEVER_MS,
  RESOURCE_ID_LENGTH_MAX,
} from '../../../../lib/protocol/index.js';
import type { EngineUnderTest } from './engines.js';
import { ENGINES } from './engines.js';
import { NOW, branch, changeOf, ended, given, insertOf, session, standing } from './sessions.js';

/** Quotes, escapes, other scripts, an emoji of several code points, a lone surrogate in JSON. */
const TEXT = `'"\\ %s $1 ? :x ${String.fromCodePoint(0x1f469, 0x200d, 0x1f52c)} Grüße 注文\n\t`;

const FULL: Session = ended({
  xid: 'A.b_c-9'.padEnd(40, 'z'),
  namespace: 'ü'.repeat(RESOURCE_ID_LENGTH_MAX),
  name: '注'.repeat(NAME_LENGTH_MAX),
  applicationId: TEXT,
  status: 'rolled-back',
  reason: 'rollback-only',
  rollbackOnly: 'é'.repeat(ERROR_TEXT_LENGTH_MAX),
  owner: 'o'.repeat(RESOURCE_ID_LENGTH_MAX),
  timeoutMs: 1,
  beganAtMs: 0,
  decidedAtMs: NOW,
  dueAtMs: NEVER_MS,
  epoch: NEVER_MS - 1,
  version: NEVER_MS - 1,
  branches: [
    branch({
      data: `${TEXT}\0${'x'.repeat(BRANCH_DATA_LENGTH_MAX)}`,
      status: 'accepted',
      result: TEXT,
      pendingSinceMs: NOW,
      attempts: 3,
      dueAtMs: 0,
      lastError: `\0 \ud800 ${TEXT}`,
      failedAttempts: [{ atMs: 1, error: TEXT }],
    }),
    branch({ branchId: '1', seq: 2, type: 'XA', status: 'abandoned', resourceId: TEXT }),
  ],
});

describe.each(ENGINES)('Values in $engine', ({ create }) => {
  let engine: EngineUnderTest;
  let store: SessionStore;
  beforeAll(async () => {
    engine = await create();
  });
  beforeEach(async () => {
    store = await engine.empty();
  });
  afterAll(() => engine.close());

  it('come back as they were inserted', async () => {
    await given(store, FULL);

    expect(await standing(store, FULL)).toEqual(FULL);
    expect(await store.list({ which: 'ended', countMax: 1 })).toEqual([FULL]);
  });

  it('come back as they were changed', async () => {
    const { namespace, xid } = FULL;
    const before = session({ namespace, xid, name: FULL.name, applicationId: TEXT });
    await given(store, before);
    const change = changeOf(before, {
      ...FULL,
      name: before.name,
      applicationId: TEXT,
      timeoutMs: before.timeoutMs,
      beganAtMs: before.beganAtMs,
    });

    expect(await store.apply([change])).toEqual([{ kind: 'done', count: 1 }]);
    expect(await standing(store, FULL)).toEqual(change.after);
  });

  it('come back from a claim', async () => {
    const open = { ...FULL, endedAtMs: undefined, leaseUntilMs: 0, epoch: 1, version: 1 };
    await given(store, open);

    const claimed = await store.claim({
      owner: 'node-b',
      which: 'lapsed',
      nowMs: NOW,
      leaseUntilMs: NEVER_MS,
      countMax: 1,
    });

    const taken = { ...open, owner: 'node-b', epoch: 2, version: 2, leaseUntilMs: NEVER_MS };
    expect(claimed).toEqual([taken]);
  });

  it('may be empty', async () => {
    const bare = session({ name: '', applicationId: '', rollbackOnly: '', owner: '' });
    await given(store, bare);

    expect(await standing(store, bare)).toEqual(bare);
  });

  it('may be taken away again', async () => {
    const before = session({ rollbackOnly: 'no', decidedAtMs: 5, branches: [branch()] });
    await given(store, before);
    const change = changeOf(before, {
      rollbackOnly: undefined,
      decidedAtMs: undefined,
      branches: [],
    });

    await store.apply([change]);

    expect(await standing(store, before)).toEqual(change.after);
  });

  it('tell xids apart that differ in a letter or a space only', async () => {
    const xids = ['abc', 'ABC', 'abC', 'ab-c', 'ab_c', 'ab.c', 'abc-'];
    const sessions = xids.flatMap((xid) =>
      ['n', 'N', 'n ', 'ñ'].map((namespace) => session({ xid, namespace })),
    );

    await given(store, ...sessions);

    expect(await store.load(sessions)).toEqual(sessions);
  });

  it('hold a session with many branches', async () => {
    const branches = Array.from({ length: 1_000 }, (_, index) =>
      branch({ branchId: String(index + 1), seq: index + 1, data: 'd'.repeat(1_000) }),
    );
    await given(store, session());

    await store.apply([changeOf(session(), { branches })]);

    expect((await standing(store, session()))?.branches).toEqual(branches);
  });

  it('that the server refuses harm nobody else in their batch', async () => {
    const known = session({ xid: 'known' });
    await given(store, known);

    const answers = await store.apply([
      insertOf(session({ xid: 'before' })),
      insertOf(session({ xid: 'poison', name: 'a\0b' })),
      changeOf(known, { rollbackOnly: 'written' }),
      changeOf({ ...session({ xid: 'missing' }), version: 3 }),
      insertOf(session({ xid: 'after' })),
    ]);

    const poison = await standing(store, session({ xid: 'poison' }));
    // Not every engine takes offence; whoever does must say so.
    expect(answers[1]?.kind).toBe(poison === undefined ? 'failed' : 'done');
    expect(answers.filter((_, index) => index !== 1).map(({ kind }) => kind)).toEqual([
      'done',
      'done',
      'refused',
      'done',
    ]);
    expect(await standing(store, known)).toMatchObject({ rollbackOnly: 'written' });
  });
});
