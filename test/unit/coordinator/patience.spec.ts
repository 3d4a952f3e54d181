import type { Command } from '../../../lib/coordinator/core/index.js';
import { decide } from '../../../lib/coordinator/core/index.js';
import { NEVER_MS } from '../../../lib/protocol/index.js';
import { LEASE_MS, NOW, branch, decided, order, outcome, session, turn } from './sessions.js';

const RENEW: Command = { kind: 'renew', leaseMs: LEASE_MS };
const PATIENCE = { attemptsMax: 3, ageMsMax: 1_000 };
const impatient = turn({ patience: PATIENCE });

/** A branch whose phase two could have been done for so long. */
const waitingForMs = (ms: number, branchId = '7') => branch({ branchId, pendingSinceMs: NOW - ms });

describe('A branch that phase two cannot finish', () => {
  it.each([
    [1, 'registered'],
    [2, 'needs-attention'],
  ])('after %i failed calls and one more is %s', (attempts, status) => {
    const before = decided('committing', { ...waitingForMs(10), attempts });

    const { standing } = decide(before, outcome('retry'), impatient);

    expect(standing?.branches[0]).toMatchObject({ status, attempts: attempts + 1 });
  });

  it.each([
    [999, 'registered'],
    [1_000, 'needs-attention'],
  ])('after a failed call within %i ms is %s', (ms, status) => {
    const before = decided('committing', waitingForMs(ms));

    const { standing } = decide(before, outcome('retry'), impatient);

    expect(standing?.branches[0]).toMatchObject({ status, lastError: 'the database is down' });
  });

  it('and is never called, since its resource is gone, is left to a person by its age', () => {
    const before = decided('committing', waitingForMs(1_000), waitingForMs(999, '8'));

    const { change, standing } = decide(before, RENEW, impatient);

    expect(change?.kind).toBe('change-session');
    expect(standing?.branches).toMatchObject([
      { status: 'needs-attention', lastError: 'not finished within 1000 ms: no more is tried' },
      { status: 'registered' },
    ]);
  });

  it('has its time from the moment at which its turn comes', () => {
    const first = branch();
    const second = branch({ branchId: '8', seq: 2 });
    const before = session({ branches: [first, second] });
    const rolling = decide(before, { kind: 'rollback' }, impatient).standing;
    const late = turn({ ...impatient, nowMs: NOW + 900 });

    const { standing } = decide(rolling, outcome('done', '8'), late);

    expect(rolling?.branches.map(({ pendingSinceMs }) => pendingSinceMs)).toEqual([undefined, NOW]);
    expect(standing?.branches[0]?.pendingSinceMs).toBe(NOW + 900);
  });

  it('is no reason to end its transaction: somebody has to say so', () => {
    const parked = decide(decided('committing', waitingForMs(1_000)), RENEW, impatient).standing;

    const { change } = decide(parked, { kind: 'end' }, impatient);

    expect(change).toBeUndefined();
    expect(parked).toMatchObject({
      status: 'committing',
      dueAtMs: NEVER_MS,
      leaseUntilMs: NEVER_MS,
    });
  });

  it('and was ordered to be tried again has as much time as at first', () => {
    const parked = decide(decided('committing', waitingForMs(1_000)), RENEW, impatient).standing;
    const retried = decide(parked, order('retry'), impatient).standing;

    const { standing } = decide(
      retried,
      outcome('retry'),
      turn({ ...impatient, nowMs: NOW + 999 }),
    );

    expect(standing?.branches[0]).toMatchObject({ status: 'registered', attempts: 1 });
  });

  it('that is finished after all ends its transaction', () => {
    const parked = decide(decided('committing', waitingForMs(1_000)), RENEW, impatient).standing;

    const { standing } = decide(parked, outcome('done'), impatient);

    expect(standing?.status).toBe('committed');
  });
});

describe('The age of an undecided transaction', () => {
  it('is no reason to leave its branches to a person', () => {
    const old = session({ branches: [waitingForMs(5_000)] });

    const { standing } = decide(old, RENEW, impatient);

    expect(standing?.branches[0]?.status).toBe('registered');
  });
});
