import type { Session } from '../../../lib/coordinator/core/index.js';
import { decide } from '../../../lib/coordinator/core/index.js';
import { NOW, SESSIONS, XID, branch, decided, order, outcome, turn } from './sessions.js';

const STUCK = branch({
  status: 'needs-attention',
  attempts: 4,
  pendingSinceMs: 5,
  lastError: 'dirty row',
});
const WAITING = branch({ branchId: '8', seq: 2, attempts: 9, dueAtMs: NOW + 30_000 });
const DONE = branch({ branchId: '9', seq: 3, status: 'done' });
const COMMITTING = decided('committing', STUCK, WAITING, DONE);

const statuses = (session: Session | undefined): string[] | undefined =>
  session?.branches.map(({ status }) => status);

describe('A person', () => {
  it('has everything tried again at once, and counted anew', () => {
    const { standing } = decide(COMMITTING, order('retry'), turn());

    expect(standing?.branches).toMatchObject([
      { status: 'registered', attempts: 0, dueAtMs: NOW, pendingSinceMs: NOW },
      { status: 'registered', attempts: 0, dueAtMs: NOW, pendingSinceMs: NOW },
      { status: 'done', attempts: 0 },
    ]);
    expect(standing?.dueAtMs).toBe(NOW);
  });

  it('has the retries stopped, and reads why later on', () => {
    const { standing } = decide(COMMITTING, order('stop'), turn());

    expect(statuses(standing)).toEqual(['needs-attention', 'needs-attention', 'done']);
    expect(standing?.branches[0]).toEqual(STUCK);
    expect(standing?.branches[1]).toMatchObject({
      lastError: 'a person has stopped the retries',
      failedAttempts: [{ atMs: NOW, error: 'a person has stopped the retries' }],
    });
  });

  it('accepts what cannot be finished, and the transaction ends', () => {
    const accepted = decide(COMMITTING, order('accept'), turn()).standing;

    const ended = decide(accepted, { kind: 'end' }, turn()).standing;

    expect(statuses(accepted)).toEqual(['accepted', 'accepted', 'done']);
    expect([ended?.status, statuses(ended)]).toEqual([
      'committed',
      ['accepted', 'accepted', 'done'],
    ]);
  });

  it.each([
    ['retry', ['registered', 'registered', 'done']],
    ['accept', ['accepted', 'registered', 'done']],
  ] as const)('orders to %s one branch, and the others stay as they are', (action, expected) => {
    const { standing } = decide(COMMITTING, order(action, STUCK.branchId), turn());

    expect(statuses(standing)).toEqual(expected);
    expect(standing?.branches[1]).toEqual(COMMITTING.branches[1]);
  });

  it('has the node that drives the session look at it again', () => {
    const { effects } = decide(COMMITTING, order('accept'), turn());

    expect(effects).toEqual(['drive']);
  });

  it('may order anything about a branch that is finished: nothing changes', () => {
    const { change, refusal } = decide(COMMITTING, order('accept', DONE.branchId), turn());

    expect([change, refusal]).toEqual([undefined, undefined]);
  });

  it('is not followed by an outcome that was on its way: what was accepted stays', () => {
    const accepted = decide(COMMITTING, order('accept', WAITING.branchId), turn()).standing;

    const { change } = decide(accepted, outcome('done', WAITING.branchId), turn());

    expect(change).toBeUndefined();
  });

  it('cannot order anything about a transaction that is not decided', () => {
    const { refusal } = decide(SESSIONS.active, order('accept'), turn());

    expect(refusal?.message).toMatch(
      new RegExp(`^.DTX_ERR_TC_OPERATION_REFUSED. Cannot accept .* ${XID}: it is active\\.`),
    );
  });

  it.each([
    ['transaction', undefined, order('retry'), 'the coordinator does not know it'],
    ['branch', COMMITTING, order('retry', '77'), 'it has no branch 77'],
  ] as const)('is told that there is no such %s', (_what, before, command, message) => {
    const { change, refusal } = decide(before, command, turn());

    expect(change).toBeUndefined();
    expect(refusal?.message).toContain(message);
  });
});
