import type { Command, Session } from '../../../lib/coordinator/core/index.js';
import { decide, summaryOf } from '../../../lib/coordinator/core/index.js';
import { moveBranch, moveSession } from '../../../lib/coordinator/core/transitions.js';
import {
  BRANCHES_PER_TRANSACTION_MAX,
  BRANCH_DATA_LENGTH_MAX,
  ERROR_TEXT_LENGTH_MAX,
  NAME_LENGTH_MAX,
  TIMEOUT_MS_MAX,
} from '../../../lib/protocol/index.js';
import { BRANCH_ID, COMMANDS, NOW, SESSIONS, XID, branch, outcome, register } from './sessions.js';
import { session } from './sessions.js';

type Begin = Extract<Command, { kind: 'begin' }>;

const beginWith = (request: Partial<Begin['request']>): Command => ({
  ...COMMANDS.begin,
  request: { ...COMMANDS.begin.request, ...request },
});

const standing = (before: Session | undefined, command: Command): Session | undefined =>
  decide(before, command, NOW).standing;

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
    const one = standing(session({ status: 'committing', branches }), outcome('done', '8'));
    const two = standing(one, outcome('done'));

    expect([one?.status, two?.status]).toEqual(['committing', 'committed']);
  });

  it('stays decided while a branch needs a person', () => {
    const branches = [branch(), branch({ branchId: '8', seq: 2 })];
    const one = standing(session({ status: 'rolling-back', branches }), outcome('cannot'));
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
      },
    ]);
  });

  it('keeps as much of a long error as fits', () => {
    const reason = 'e'.repeat(ERROR_TEXT_LENGTH_MAX + 1);
    const command: Command = { kind: 'abandon-branch', branchId: BRANCH_ID, reason };

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
  const registerWith = (more: object): Command => ({
    kind: 'register-branch',
    request: {
      xid: XID,
      branchId: '8',
      type: 'AT',
      resourceId: 'r',
      applicationId: 'a',
      ...more,
    },
  });

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
    ['number of branches', FULL, registerWith({}), 'branches'],
  ])('refuses a %s above it before anything is accepted', (_what, before, command, limit) => {
    const decision = decide(before, command, NOW);

    expect(decision.change).toBeUndefined();
    expect(decision.refusal).toMatchObject({ code: 'DTX_ERR_TC_LIMIT', limit, retryable: true });
  });

  it('lets the last one in', () => {
    const branches = FULL.branches.slice(1);

    const decision = decide(session({ branches }), registerWith({}), NOW);

    expect(decision.standing?.branches).toHaveLength(BRANCHES_PER_TRANSACTION_MAX);
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
