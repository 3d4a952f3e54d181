import type { Command, Session } from '../../../lib/coordinator/core/index.js';
import { decide, summaryOf } from '../../../lib/coordinator/core/index.js';
import { moveBranch, moveSession } from '../../../lib/coordinator/core/transitions.js';
import {
  BRANCHES_PER_TRANSACTION_MAX,
  BRANCH_DATA_LENGTH_MAX,
  BRANCH_RESULT_LENGTH_MAX,
  ERROR_TEXT_LENGTH_MAX,
  NAME_LENGTH_MAX,
  SESSION_DATA_LENGTH_MAX,
  TIMEOUT_MS_MAX,
} from '../../../lib/protocol/index.js';
import {
  BRANCH_ID,
  COMMANDS,
  NOW,
  SESSIONS,
  XID,
  branch,
  decided,
  outcome,
  register,
  registerFirst,
  session,
  turn,
} from './sessions.js';

type Begin = Extract<Command, { kind: 'begin' }>;

const beginWith = (request: Partial<Begin['request']>): Begin => ({
  ...COMMANDS.begin,
  request: { ...COMMANDS.begin.request, ...request },
});

const standing = (before: Session | undefined, command: Command): Session | undefined =>
  decide(before, command, turn()).standing;

describe('A session', () => {
  it('is due when its time is up', () => {
    const began = standing(undefined, beginWith({ timeoutMs: 5_000 }));

    expect(began?.dueAtMs).toBe(NOW + 5_000);
  });

  it('keeps as much of a long name as fits', () => {
    const began = standing(undefined, beginWith({ name: 'n'.repeat(NAME_LENGTH_MAX + 1) }));

    expect(began?.name).toHaveLength(NAME_LENGTH_MAX);
  });

  it('numbers its branches in the order in which they came', () => {
    const one = standing(SESSIONS['active, no branch'], register('70'));
    const two = standing(one, register('3'));

    expect(two?.branches.map(({ branchId, seq }) => [branchId, seq])).toEqual([
      ['70', 1],
      ['3', 2],
    ]);
  });

  it('keeps the first reason for being rollback-only', () => {
    const first = standing(SESSIONS.active, COMMANDS['set rollback-only']);
    const second = standing(first, { kind: 'set-rollback-only', xid: XID, reason: 'another' });

    expect(second?.rollbackOnly).toBe('stock refused');
  });

  it('ends when the last of its branches is finished, and not before', () => {
    const branches = [branch(), branch({ branchId: '8', seq: 2 })];
    const one = standing(decided('committing', ...branches), outcome('done', '8'));
    const two = standing(one, outcome('done'));

    expect([one?.status, two?.status]).toEqual(['committing', 'committed']);
  });

  it('stays decided while a branch needs a person', () => {
    const branches = [branch(), branch({ branchId: '8', seq: 2 })];
    const one = standing(decided('rolling-back', ...branches), outcome('cannot'));
    const two = standing(one, outcome('done', '8'));

    expect(two?.status).toBe('rolling-back');
    expect(two?.branches[0]).toMatchObject({
      status: 'needs-attention',
      lastError: 'the database is down',
      attempts: 1,
    });
  });

  it('remembers why and how often phase two of a branch has failed', () => {
    const once = standing(SESSIONS.committing, outcome('retry'));
    const twice = standing(once, outcome('retry'));

    expect(summaryOf(XID, twice).branches).toEqual([
      {
        branchId: BRANCH_ID,
        seq: 1,
        type: 'AT',
        resourceId: 'orders',
        status: 'registered',
        attempts: 2,
        lastError: 'the database is down',
        failedAttempts: [
          { atMs: NOW, error: 'the database is down' },
          { atMs: NOW, error: 'the database is down' },
        ],
      },
    ]);
  });

  it('keeps the last failures of a branch, the oldest first, and counts them all', () => {
    const nowMs = [1, 2, 3, 4, 5, 6, 7];
    const after = nowMs.reduce<Session>(
      (before, ms) => decide(before, outcome('retry'), turn({ nowMs: ms })).standing!,
      decided('committing', branch()),
    );

    const [failed] = after.branches;

    expect(failed?.attempts).toBe(7);
    expect(failed?.failedAttempts.map(({ atMs }) => atMs)).toEqual([3, 4, 5, 6, 7]);
  });

  it('keeps what phase two has answered, as much of it as fits', () => {
    const answered = (result: string): Command => ({
      ...outcome('done'),
      outcome: { kind: 'done', result },
    });
    const short = standing(SESSIONS.committing, answered('shipped'));
    const long = standing(SESSIONS.committing, answered('r'.repeat(BRANCH_RESULT_LENGTH_MAX + 1)));

    expect(summaryOf(XID, short).branches[0]?.result).toBe('shipped');
    expect(long?.branches[0]?.result).toHaveLength(BRANCH_RESULT_LENGTH_MAX);
  });

  it('that has ended keeps what its branches were, and nothing that phase two needed', () => {
    const worked = branch({ data: 'opaque', failedAttempts: [{ atMs: 1, error: 'down' }] });

    const ended = standing(decided('committing', worked), outcome('done'));

    expect(ended?.branches).toEqual([branch({ status: 'done' })]);
  });

  it('says when it was decided and when it ended', () => {
    const one = decide(SESSIONS.active, COMMANDS.commit, turn({ nowMs: 5 })).standing;
    const two = decide(one, outcome('done'), turn({ nowMs: 9 })).standing;

    expect([one?.decidedAtMs, one?.endedAtMs]).toEqual([5, undefined]);
    expect([two?.decidedAtMs, two?.endedAtMs]).toEqual([5, 9]);
  });

  it('may begin with its first branch, in one write', () => {
    const { change, standing: began } = decide(undefined, registerFirst('70'), turn());

    expect(change).toMatchObject({ kind: 'begin', before: undefined, branch: { branchId: '70' } });
    expect(began).toMatchObject({
      status: 'active',
      name: 'place-order',
      dueAtMs: NOW + 60_000,
      branches: [{ branchId: '70', seq: 1 }],
    });
  });

  it('keeps as much of a long error as fits', () => {
    const reason = 'e'.repeat(ERROR_TEXT_LENGTH_MAX + 1);
    const command: Command = { kind: 'report-branch', branchId: BRANCH_ID, reason };

    const abandoned = standing(SESSIONS.active, command);

    expect(abandoned?.branches[0]?.lastError).toHaveLength(ERROR_TEXT_LENGTH_MAX);
  });
});

describe('A bound', () => {
  const LONG_ID = 'i'.repeat(129);
  const FULL = session({
    branches: Array.from({ length: BRANCHES_PER_TRANSACTION_MAX }, (_none, index) =>
      branch({ branchId: String(index + 10), seq: index + 1 }),
    ),
  });
  const registerWith = (more: Parameters<typeof register>[1]): Command => register('8', more);

  const LARGE = session({
    branches: Array.from({ length: SESSION_DATA_LENGTH_MAX / BRANCH_DATA_LENGTH_MAX }, (_, index) =>
      branch({
        branchId: String(index + 10),
        seq: index + 1,
        data: 'd'.repeat(BRANCH_DATA_LENGTH_MAX),
      }),
    ),
  });
  const FIRST = registerFirst('8');
  const firstWith = (more: Partial<NonNullable<typeof FIRST.request.begin>>): Command =>
    register('8', { begin: { ...FIRST.request.begin!, ...more } });

  it.each<[string, Session | undefined, Command, string]>([
    ['time', undefined, beginWith({ timeoutMs: TIMEOUT_MS_MAX + 1 }), 'timeoutMs'],
    ['application id', undefined, beginWith({ applicationId: LONG_ID }), 'applicationId'],
    ['namespace', undefined, { ...COMMANDS.begin, namespace: LONG_ID }, 'namespace'],
    ['resource id', SESSIONS.active, registerWith({ resourceId: LONG_ID }), 'resourceId'],
    [
      'data',
      SESSIONS.active,
      registerWith({ data: 'd'.repeat(BRANCH_DATA_LENGTH_MAX + 1) }),
      'data',
    ],
    ['sum of data', LARGE, registerWith({ data: 'd' }), 'data of all branches'],
    ['time', undefined, firstWith({ timeoutMs: TIMEOUT_MS_MAX + 1 }), 'timeoutMs'],
    ['application id', undefined, firstWith({ applicationId: LONG_ID }), 'applicationId'],
    ['namespace', undefined, { ...FIRST, namespace: LONG_ID }, 'namespace'],
    [
      'resource id',
      undefined,
      { ...FIRST, request: { ...FIRST.request, resourceId: LONG_ID } },
      'resourceId',
    ],
  ])('refuses a %s above it before anything is accepted', (_what, before, command, limit) => {
    const decision = decide(before, command, turn());

    expect(decision.change).toBeUndefined();
    expect(decision.refusal).toMatchObject({ code: 'DTX_ERR_TC_LIMIT', limit, retryable: true });
  });

  it('refuses a branch more than there may be', () => {
    const decision = decide(FULL, registerWith({}), turn());

    expect(decision.change).toBeUndefined();
    expect(decision.refusal).toMatchObject({
      code: 'DTX_ERR_RESOURCE_EXHAUSTED',
      limit: 'branches',
      max: BRANCHES_PER_TRANSACTION_MAX,
    });
  });

  it('lets the last branch in', () => {
    const branches = FULL.branches.slice(1);

    const decision = decide(session({ branches }), registerWith({}), turn());

    expect(decision.standing?.branches).toHaveLength(BRANCHES_PER_TRANSACTION_MAX);
  });

  it('lets the last of the data in', () => {
    const branches = LARGE.branches.slice(1);
    const data = 'd'.repeat(BRANCH_DATA_LENGTH_MAX);

    const decision = decide(session({ branches }), registerWith({ data }), turn());

    expect(decision.refusal).toBeUndefined();
  });
});

describe('A transition that the table does not know', () => {
  it('is a broken invariant of a session', () => {
    expect(() => moveSession(SESSIONS.committing, 'rolling-back')).toThrow(
      `Session ${XID} cannot go from committing to rolling-back.`,
    );
  });

  it('is a broken invariant of a branch', () => {
    expect(() => moveBranch(branch({ status: 'done' }), 'registered')).toThrow(
      'Branch 7 cannot go from done to registered.',
    );
  });
});

describe('summaryOf', () => {
  it('says what is not known', () => {
    expect(summaryOf(XID, undefined)).toEqual({ xid: XID, status: 'absent', branches: [] });
  });

  it('says why a transaction was rolled back', () => {
    const before = SESSIONS['active, rollback-only'];

    const summary = summaryOf(XID, standing(before, COMMANDS.commit));

    expect(summary).toMatchObject({
      status: 'rolling-back',
      name: 'place-order',
      reason: 'rollback-only',
      rollbackOnly: 'stock refused',
    });
  });
});
