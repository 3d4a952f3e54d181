import fc from 'fast-check';

import type { Command, Session, SessionChange } from '../../../../lib/coordinator/core/index.js';
import { decide } from '../../../../lib/coordinator/core/index.js';
import type {
  ClaimRequest,
  SessionStore,
  StoreCommand,
} from '../../../../lib/coordinator/store/session-store.interface.js';
import { MemorySessionStore } from '../../../../lib/coordinator/store/memory/index.js';
import { keyOf } from '../../../../lib/coordinator/store/merge-changes.js';
import type { EngineUnderTest } from './engines.js';
import { ENGINES } from './engines.js';
import { NOW, purgeOf } from './sessions.js';

const NODES = ['node-a', 'node-b'];
const XIDS = ['x1', 'x2', 'x3', 'x4', 'x5'];
const NAMESPACES = ['default', 'other'];
const BRANCH_IDS = ['7', '8'];
const LEASE_MS = 3_000;
const PATIENCE = { attemptsMax: 5, ageMsMax: 60_000 };

/** Of each engine. `DTX_DIFFERENTIAL_RUNS=5000 npx jest store-differential` takes a long look. */
const SEQUENCES = Number(process.env['DTX_DIFFERENTIAL_RUNS'] ?? 200);

/** A command for one session, decided on what a node believes to stand there. */
interface Step {
  readonly xid: string;
  readonly namespace: string;
  readonly owner: string;
  readonly command: Command;
  /** Whether the node remembers an older state: what it then writes must be refused. */
  readonly isStale: boolean;
}

type Action =
  | { readonly kind: 'batch'; readonly steps: readonly Step[]; readonly purges: boolean }
  | {
      readonly kind: 'claim';
      readonly request: Pick<ClaimRequest, 'owner' | 'which' | 'countMax'>;
      /** What the owner has let lapse itself it leaves to others for so long. */
      readonly patienceMs: number;
    }
  | { readonly kind: 'hand-over'; readonly owner: string };

const anyStep: fc.Arbitrary<Step> = fc
  .record({
    xid: fc.constantFrom(...XIDS),
    namespace: fc.constantFrom(...NAMESPACES),
    owner: fc.constantFrom(...NODES),
    branchId: fc.constantFrom(...BRANCH_IDS),
    what: fc.nat(9),
    isStale: fc.nat(3).map((drawn) => drawn === 0),
  })
  .map(({ branchId, what, ...step }) => ({ ...step, command: commandOf(step, branchId, what) }));

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('batch' as const),
      steps: fc.array(anyStep, { minLength: 1, maxLength: 6 }),
      purges: fc.nat(9).map((drawn) => drawn === 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('claim' as const),
      request: fc.record({
        owner: fc.constantFrom(...NODES),
        which: fc.constantFrom('lapsed' as const, 'open' as const),
        countMax: fc.integer({ min: 1, max: 5 }),
      }),
      patienceMs: fc.constantFrom(0, 1_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('hand-over' as const),
      owner: fc.constantFrom(...NODES),
    }),
  },
);

const anyHistory = fc.array(fc.record({ action: anyAction, passedMs: fc.nat(2_000) }), {
  minLength: 3,
  maxLength: 14,
});

function commandOf(
  { namespace, xid }: { xid: string; namespace: string },
  branchId: string,
  what: number,
): Command {
  const begin = { xid, name: `of ${xid}`, applicationId: 'shop', timeoutMs: 2_000 };
  const branch = { xid, branchId, resourceId: 'bank', applicationId: 'shop' };
  const outcome = { kind: 'branch-outcome', branchId, retryAtMs: NOW } as const;
  const commands: readonly Command[] = [
    { kind: 'begin', namespace, request: begin },
    { kind: 'begin', namespace, request: begin },
    { kind: 'register-branch', namespace, request: { ...branch, type: 'AT' } },
    { kind: 'register-branch', namespace, request: { ...branch, type: 'TCC', data: '{"a":"ü"}' } },
    { kind: 'set-rollback-only', xid, reason: 'out of stock' },
    { kind: 'commit' },
    { kind: 'rollback' },
    { kind: 'timeout' },
    { ...outcome, outcome: { kind: 'done', result: 'fine' } },
    { ...outcome, outcome: { kind: 'cannot', error: 'no such account' } },
  ];
  return commands[what]!;
}

/** Plays the history against a store; what came of it must not depend on the engine. */
async function play(
  store: SessionStore,
  history: readonly { action: Action; passedMs: number }[],
): Promise<unknown> {
  const transcript: unknown[] = [];
  const believed = new Map<string, Session | undefined>();
  let nowMs = NOW;
  for (const { action, passedMs } of history) {
    nowMs += passedMs;
    if (action.kind === 'hand-over') {
      await store.handOver(action.owner, nowMs);
    } else if (action.kind === 'claim') {
      const leases = {
        nowMs,
        leaseUntilMs: nowMs + LEASE_MS,
        ownLapsedAtMs: nowMs - action.patienceMs,
      };
      transcript.push(await store.claim({ ...action.request, ...leases }));
    } else {
      const batch = await batchOf(store, action, { nowMs, believed });
      const answers = await store.apply(batch);
      transcript.push(
        answers.map(({ kind }) => kind),
        answers,
      );
    }
  }
  return { transcript, state: await stateOf(store, nowMs) };
}

interface Memory {
  readonly nowMs: number;
  /** Older states, by key. */
  readonly believed: Map<string, Session | undefined>;
}

/** Later steps of a batch build on the earlier ones, as a coordinator gathers them. */
async function batchOf(
  store: SessionStore,
  { purges, steps }: Extract<Action, { kind: 'batch' }>,
  { believed, nowMs }: Memory,
): Promise<StoreCommand[]> {
  const batch: SessionChange[] = [];
  const current = new Map<string, Session | undefined>();
  const loaded = await store.load(steps);
  steps.forEach((step, index) => {
    const key = keyOf(step);
    if (!current.has(key)) {
      const found = loaded[index];
      if (isAnother(believed.get(key), found)) believed.delete(key);
      current.set(key, step.isStale && believed.has(key) ? believed.get(key) : found);
      if (!believed.has(key) || step.isStale) believed.set(key, found);
    }
    const turn = { nowMs, owner: step.owner, leaseMs: LEASE_MS, patience: PATIENCE };
    const { change } = decide(current.get(key), step.command, turn);
    if (change === undefined) return;
    current.set(key, change.after);
    batch.push(change);
  });
  // Engines write in this order, so that the older one of two begun at once is the same.
  batch.sort(({ after: one }, { after: other }) => compare(keyOf(one), keyOf(other)));
  return purges ? [...batch, purgeOf(nowMs - 1_500, 2)] : batch;
}

/**
 * An xid is begun once: nobody remembers one session of it and finds another. Without that, a write
 * for the first would pass for one of the second, and what it leaves of both is not specified.
 */
function isAnother(remembered: Session | undefined, found: Session | undefined): boolean {
  if (remembered === undefined || found === undefined) return false;
  return remembered.beganAtMs !== found.beganAtMs;
}

async function stateOf(store: SessionStore, nowMs: number): Promise<unknown> {
  const keys = XIDS.flatMap((xid) => NAMESPACES.map((namespace) => ({ xid, namespace })));
  const countMax = 100;
  const [records, open, ended, attention, endedAt] = await Promise.all([
    store.load(keys),
    store.list({ which: 'open', countMax }),
    store.list({ which: 'ended', countMax }),
    store.list({ which: 'attention', namespace: 'default', countMax }),
    store.endedAtOfNewest(2),
  ]);
  return {
    ...{ records, open, ended, attention, endedAt },
    lapsed: await store.claim({
      owner: 'node-z',
      which: 'lapsed',
      nowMs: nowMs + 1_000,
      leaseUntilMs: nowMs + LEASE_MS,
      countMax: 3,
    }),
  };
}

describe.each(ENGINES.filter(({ engine }) => engine !== 'memory'))('$engine', ({ create }) => {
  let engine: EngineUnderTest;
  beforeAll(async () => {
    engine = await create();
  });
  afterAll(() => engine.close());

  it('answers any history as the model does, and ends in the same state', async () => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(anyHistory, async (history) => {
        const expected = await play(new MemorySessionStore(), history);
        const store = await engine.empty();
        expect(await play(store, history)).toEqual(expected);
        count(seen, expected);
      }),
      { numRuns: SEQUENCES },
    );
    // The histories are worth something only if they hold both.
    expect(seen.get('done')).toBeGreaterThan(SEQUENCES);
    expect(seen.get('refused')).toBeGreaterThan(SEQUENCES / 10);
  }, 300_000);
});

function count(seen: Map<string, number>, outcome: unknown): void {
  const kinds = JSON.stringify(outcome).match(/(?<="kind":")(done|refused)/g) ?? [];
  for (const kind of kinds) seen.set(kind, (seen.get(kind) ?? 0) + 1);
}

/** Equal keys keep their order: their changes follow each other. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
