import fc from 'fast-check';

import type { Command, Session } from '../../../lib/coordinator/core/index.js';
import { decide, isFinished } from '../../../lib/coordinator/core/index.js';
import {
  BRANCH_TRANSITIONS,
  GLOBAL_TRANSITIONS,
  isCommitDecided,
} from '../../../lib/protocol/index.js';
import type { BranchStatus, GlobalStatus } from '../../../lib/protocol/index.js';
import { COMMANDS, NOW, outcome, register } from './sessions.js';

const BRANCH_IDS = ['7', '8', '9'];

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom<Command>(...Object.values(COMMANDS)),
  fc.constantFrom(...BRANCH_IDS.map(register)),
  fc.constantFrom(...BRANCH_IDS.map((branchId) => outcome('done', branchId))),
  fc.constantFrom(
    ...BRANCH_IDS.map((branchId): Command => ({ kind: 'abandon-branch', branchId, reason: 'r' })),
  ),
);

const anyHistory = fc.array(fc.record({ command: anyCommand, passedMs: fc.nat(30_000) }), {
  maxLength: 40,
});

/** What stood after each command of the history. */
function replay(history: readonly { command: Command; passedMs: number }[]): Session[] {
  let now = NOW;
  let current: Session | undefined;
  const stood: Session[] = [];
  for (const { command, passedMs } of history) {
    now += passedMs;
    const { standing } = decide(current, command, now);
    current = standing;
    if (standing !== undefined) stood.push(standing);
  }
  return stood;
}

const pairs = (stood: readonly Session[]): [Session, Session][] =>
  stood.slice(1).map((after, index) => [stood[index]!, after]);

/** The steps that lead from one state to another: a session may be decided and end at once. */
function isReachable(from: GlobalStatus, to: GlobalStatus): boolean {
  return from === to || GLOBAL_TRANSITIONS[from].some((next) => isReachable(next, to));
}

describe('Whatever the order in which commands come', () => {
  it('a session has one decision, and goes only where the table leads', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(replay(history))) {
          expect(isReachable(before.status, after.status)).toBe(true);
          if (before.status === 'active') continue;
          expect(isCommitDecided(after.status)).toBe(isCommitDecided(before.status));
          expect(after.reason).toBe(before.reason);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('nothing joins a session behind its decision', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(replay(history))) {
          if (before.status === 'active') continue;
          const known = new Set(before.branches.map(({ branchId }) => branchId));
          expect(after.branches.every(({ branchId }) => known.has(branchId))).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a branch goes only where the table leads, and keeps its place', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(replay(history))) {
          for (const branch of after.branches) {
            const old = before.branches.find(({ branchId }) => branchId === branch.branchId);
            if (old === undefined) continue;
            const allowed: readonly BranchStatus[] = [
              old.status,
              ...BRANCH_TRANSITIONS[old.status],
            ];
            expect(allowed).toContain(branch.status);
            expect(branch.seq).toBe(old.seq);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a session ends with its last branch, and not before', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(replay(history))) {
          expect(after.endedAtMs !== undefined).toBe(GLOBAL_TRANSITIONS[after.status].length === 0);
          if (after.endedAtMs === undefined || before.endedAtMs !== undefined) continue;
          const unfinished = before.branches.filter((branch) => !isFinished(branch));
          expect(unfinished.length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 500 },
    );
  });
});
