import type { Session, StoreCommand } from '../../../lib/coordinator/index.js';
import { History } from './history.js';
import type { CheckerName } from './violation.js';

const SESSION: Session = {
  namespace: 'default',
  xid: 'x',
  kind: 'two-phase',
  name: 'test',
  applicationId: 'test',
  status: 'active',
  reason: undefined,
  rollbackOnly: undefined,
  timeoutMs: 1_000,
  beganAtMs: 0,
  decidedAtMs: undefined,
  endedAtMs: undefined,
  dueAtMs: 1_000,
  owner: 'node',
  epoch: 1,
  leaseUntilMs: 2_000,
  version: 1,
  branches: [],
};

const BRANCH: Session['branches'][number] = {
  branchId: '1',
  seq: 1,
  type: 'AT',
  resourceId: 'rm',
  applicationId: 'test',
  instanceId: undefined,
  data: undefined,
  status: 'registered',
  result: undefined,
  pendingSinceMs: undefined,
  attempts: 0,
  dueAtMs: 0,
  lastError: undefined,
  failedAttempts: [],
};

/** Each state follows the one before it, under the next version. */
function seenIn(...states: readonly Partial<Session>[]): readonly CheckerName[] {
  const seen: CheckerName[] = [];
  const history = new History((checker) => seen.push(checker));
  let before: Session | undefined;
  for (const state of states) {
    const after: Session = { ...SESSION, version: (before?.version ?? 0) + 1, ...state };
    history.applied(changeOf(before, after));
    before = after;
  }
  return seen;
}

function changeOf(before: Session | undefined, after: Session): StoreCommand {
  return { kind: 'change-session', before, after, branch: undefined };
}

describe('The history of a session', () => {
  it('is right when each step is', () => {
    const branches = [BRANCH];
    const done = [{ ...BRANCH, status: 'done' as const }];

    expect(
      seenIn(
        {},
        { branches },
        { branches, status: 'committing' },
        { branches: done, status: 'committed' },
      ),
    ).toEqual([]);
  });

  it('shows a decision that changes', () => {
    expect(seenIn({}, { status: 'committing' }, { status: 'rolling-back' })).toContain('DECISION');
  });

  it('shows a step that there is not', () => {
    expect(seenIn({}, { status: 'committed' }, { status: 'committing' })).toEqual(['TRANSITION']);
  });

  it('shows a branch that joins behind the decision', () => {
    expect(
      seenIn({}, { status: 'committing' }, { status: 'committing', branches: [BRANCH] }),
    ).toEqual(['TRANSITION']);
  });

  it('shows a branch that disappears', () => {
    expect(seenIn({ branches: [BRANCH] }, { branches: [] })).toEqual(['TRANSITION']);
  });

  it('shows a write of an old epoch', () => {
    const seen: CheckerName[] = [];
    const history = new History((checker) => seen.push(checker));
    history.applied(changeOf(undefined, SESSION));
    history.claimed({ ...SESSION, epoch: 2, version: 2, owner: 'other' });

    history.applied(changeOf(SESSION, { ...SESSION, version: 2 }));

    expect(seen).toEqual(['EPOCH']);
  });

  it('shows a session that two nodes have claimed at once', () => {
    const seen: CheckerName[] = [];
    const history = new History((checker) => seen.push(checker));
    history.applied(changeOf(undefined, SESSION));

    for (const owner of ['one', 'other'])
      history.claimed({ ...SESSION, epoch: 2, version: 2, owner });

    expect(seen).toEqual(['EPOCH']);
  });
});
