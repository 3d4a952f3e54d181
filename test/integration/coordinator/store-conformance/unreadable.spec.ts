import type { SessionStore } from '../../../../lib/coordinator/store/session-store.interface.js';
import type { GlobalStatus } from '../../../../lib/protocol/index.js';
import type { EngineUnderTest } from './engines.js';
import { ENGINES } from './engines.js';
import {
  DONE,
  NOW,
  branch,
  changeOf,
  claimOf,
  ended,
  given,
  insertOf,
  session,
  standing,
  xidsOf,
} from './sessions.js';

/** A word of a later version. */
const STATUS = 'suspended' as GlobalStatus;
const STUCK = [branch({ status: 'needs-attention' })];

describe.each(ENGINES.filter(({ hasWords = true }) => hasWords))(
  'A record of a later version in $engine',
  ({ create }) => {
    let engine: EngineUnderTest;
    let store: SessionStore;
    beforeAll(async () => {
      engine = await create();
    });
    beforeEach(async () => {
      store = await engine.empty();
    });
    afterAll(() => engine.close());

    it('is not read as anything else', async () => {
      await given(store, session({ xid: 'known' }), session({ xid: 'later', status: STATUS }));
      const keys = ['known', 'later'].map((xid) => ({ namespace: 'default', xid }));

      await expect(store.load(keys)).rejects.toMatchObject({
        code: 'DTX_ERR_TC_UNREADABLE',
        xid: 'later',
        message: expect.stringContaining('status is "suspended"') as unknown,
      });
      expect(await standing(store, session({ xid: 'known' }))).toBeDefined();
    });

    it('is missing in lists, which show all others', async () => {
      await given(
        store,
        session({ xid: 'later', status: STATUS, branches: STUCK }),
        session({ xid: 'open', branches: STUCK }),
        ended({ xid: 'later-ended', status: STATUS }),
        ended({ xid: 'ended' }),
      );
      const list = async (which: 'open' | 'ended' | 'attention') =>
        xidsOf(await store.list({ which, countMax: 10 }));

      expect(await list('open')).toEqual(['open']);
      expect(await list('ended')).toEqual(['ended']);
      expect(await list('attention')).toEqual(['open']);
    });

    it.each(['lapsed', 'open'] as const)(
      'is left out of what a node takes over (%s), and does not come again and again',
      async (which) => {
        await given(
          store,
          session({ xid: 'later', status: STATUS, leaseUntilMs: 1 }),
          session({ xid: 'known', leaseUntilMs: 2 }),
        );

        expect(xidsOf(await store.claim(claimOf({ which, countMax: 2 })))).toEqual(['known']);
        expect(await store.claim(claimOf({ which: 'lapsed', nowMs: NOW, countMax: 1 }))).toEqual(
          [],
        );
      },
    );

    it('refuses what was decided without it, and harms nobody else in the batch', async () => {
      const stale = session({ xid: 'stale', version: 5 });
      await given(store, session({ xid: 'later', status: STATUS }), stale);

      const answers = await store.apply([
        insertOf(session({ xid: 'later' })),
        changeOf({ ...stale, version: 4 }),
        insertOf(session({ xid: 'new' })),
      ]);

      expect(answers).toEqual([
        { kind: 'failed', error: expect.objectContaining({ code: 'DTX_ERR_TC_UNREADABLE' }) },
        { kind: 'refused', found: stale },
        DONE,
      ]);
    });
  },
);
