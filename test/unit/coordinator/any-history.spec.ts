import fc from 'fast-check';

import type { Command, Decision, Session, Turn } from '../../../lib/coordinator/core/index.js';
import { decide, isFinished } from '../../../lib/coordinator/core/index.js';
import type { BranchStatus, GlobalStatus } from '../../../lib/protocol/index.js';
import {
  BRANCH_TRANSITIONS,
  FAILED_ATTEMPTS_KEPT_MAX,
  NEVER_MS,
  SESSION_KINDS,
  isCommitDecided,
  isEnded,
} from '../../../lib/protocol/index.js';
import { COMMANDS, NOW, gistOf, order, outcome, register, registerFirst } from './sessions.js';

const { transitions } = SESSION_KINDS['two-phase'];
const BRANCH_IDS = ['7', '8', '9'];
const RUNS = { numRuns: 500 };

const ofEachBranch = (commandOf: (branchId: string) => Command): fc.Arbitrary<Command> =>
  fc.constantFrom(...BRANCH_IDS.map(commandOf));

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.constantFrom<Command>(...Object.values(COMMANDS)),
  ofEachBranch(register),
  ofEachBranch(registerFirst),
  ofEachBranch((branchId) => outcome('done', branchId)),
  ofEachBranch((branchId) => outcome('retry', branchId)),
  ofEachBranch((branchId) => ({ kind: 'report-branch', branchId, reason: 'r' })),
  ofEachBranch((branchId) => order('accept', branchId)),
);

/** Mostly one node, so that what only the owner may do happens often. */
const anyNode = fc.constantFrom('one', 'one', 'one', 'two');

const anyHistory = fc.array(
  fc.record({
    command: anyCommand,
    passedMs: fc.nat(30_000),
    owner: anyNode,
    leaseMs: fc.constantFrom(0, 2_000, Infinity),
  }),
  { maxLength: 40 },
);

type History = typeof anyHistory extends fc.Arbitrary<infer T> ? T : never;

/** One command of a history and what it has come to. */
interface Step {
  readonly before: Session | undefined;
  readonly command: Command;
  readonly turn: Turn;
  readonly decision: Decision;
}

function replay(history: History): Step[] {
  let nowMs = NOW;
  let before: Session | undefined;
  return history.map(({ command, leaseMs, owner, passedMs }) => {
    nowMs += passedMs;
    const turn = { nowMs, owner, leaseMs, patience: { attemptsMax: 3, ageMsMax: 90_000 } };
    const step = { before, command, turn, decision: decide(before, command, turn) };
    before = step.decision.standing;
    return step;
  });
}

/** What stood before and after, step by step, once there was something. */
const pairs = (history: History): [Session, Session][] =>
  replay(history).flatMap(({ before, decision: { standing } }) =>
    before === undefined || standing === undefined ? [] : [[before, standing]],
  );

/** The steps that lead from one state to another: a session may be decided and end at once. */
function isReachable(from: GlobalStatus, to: GlobalStatus): boolean {
  return from === to || transitions[from].some((next) => isReachable(next, to));
}

describe('Whatever the order in which commands come, and from which node', () => {
  it('a session has one decision, and goes only where the table leads', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(history)) {
          expect(isReachable(before.status, after.status)).toBe(true);
          if (before.status === 'active') continue;
          expect(isCommitDecided(after.status)).toBe(isCommitDecided(before.status));
          expect(after.reason).toBe(before.reason);
          expect(after.decidedAtMs).toBe(before.decidedAtMs);
        }
      }),
      RUNS,
    );
  });

  it('every change is the next version, and nothing else is', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { before, decision } of replay(history)) {
          const { change, standing } = decision;
          if (change === undefined) {
            expect(standing).toBe(before);
            expect(decision.effects).toEqual([]);
          } else {
            expect(change).toMatchObject({ before, after: standing });
            expect(standing?.version).toBe((before?.version ?? 0) + 1);
            expect(decision.refusal).toBeUndefined();
          }
        }
      }),
      RUNS,
    );
  });

  it('the epoch never falls, and counts the nodes that have had the session', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(history)) {
          expect(after.epoch).toBe(before.epoch + (after.owner === before.owner ? 0 : 1));
        }
      }),
      RUNS,
    );
  });

  it('a change belongs to the node that made it', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { decision, turn } of replay(history)) {
          if (decision.change !== undefined) expect(decision.standing?.owner).toBe(turn.owner);
        }
      }),
      RUNS,
    );
  });

  it('a lease never lapses where there is nothing to do, and lapses everywhere else', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { decision, turn } of replay(history)) {
          const { change, standing } = decision;
          if (change === undefined || standing === undefined) continue;
          const { dueAtMs, leaseUntilMs, status } = standing;
          if (isEnded(status) || turn.leaseMs === Infinity) expect(leaseUntilMs).toBe(NEVER_MS);
          else if (turn.leaseMs === 0 && change.kind !== 'renew') {
            expect(leaseUntilMs).toBe(0);
          } else if (dueAtMs === NEVER_MS) expect(leaseUntilMs).toBe(NEVER_MS);
          else {
            expect(leaseUntilMs).toBeGreaterThan(turn.nowMs);
            expect(leaseUntilMs).toBeGreaterThan(dueAtMs);
            expect(leaseUntilMs).toBeLessThan(NEVER_MS);
          }
        }
      }),
      RUNS,
    );
  });

  it('a command that is repeated at once comes to the same', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { command, decision, turn } of replay(history)) {
          const again = decide(decision.standing, command, turn);

          // Each failed attempt counts: two of them are two.
          if (command.kind === 'branch-outcome' && command.outcome.kind === 'retry') continue;
          expect(again.refusal?.message).toBe(decision.refusal?.message);
          expect(gistOf(again.standing)).toEqual(gistOf(decision.standing));
        }
      }),
      RUNS,
    );
  });

  it('nothing joins a session behind its decision, and nothing leaves it', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(history)) {
          const ids = before.branches.map(({ branchId }) => branchId);
          const joined = after.branches.map(({ branchId }) => branchId);
          expect(joined.slice(0, ids.length)).toEqual(ids);
          if (before.status !== 'active') expect(joined).toHaveLength(ids.length);
        }
      }),
      RUNS,
    );
  });

  it('a branch that was registered once is never refused', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { decision, turn } of replay(history)) {
          for (const { branchId } of decision.standing?.branches ?? []) {
            const again = decide(decision.standing, register(branchId), turn);
            expect([again.refusal, again.change]).toEqual([undefined, undefined]);
          }
        }
      }),
      RUNS,
    );
  });

  it('a branch goes only where the table leads, and keeps its place', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(history)) {
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
      RUNS,
    );
  });

  it('a branch keeps a bounded history', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { decision } of replay(history)) {
          for (const { failedAttempts } of decision.standing?.branches ?? []) {
            expect(failedAttempts.length).toBeLessThanOrEqual(FAILED_ATTEMPTS_KEPT_MAX);
          }
        }
      }),
      RUNS,
    );
  });

  it('a session ends with its last branch, and not before', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const [before, after] of pairs(history)) {
          expect(after.endedAtMs !== undefined).toBe(isEnded(after.status));
          if (after.endedAtMs === undefined) continue;
          expect(after.branches.every(isFinished)).toBe(true);
          if (before.endedAtMs !== undefined) continue;
          const unfinished = before.branches.filter((branch) => !isFinished(branch));
          expect(unfinished.length).toBeLessThanOrEqual(1);
        }
      }),
      RUNS,
    );
  });
});
