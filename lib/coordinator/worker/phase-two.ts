import type { BranchOutcome, Clock, DtxLog, Ids } from '../../protocol/index.js';
import type { Session } from '../core/index.js';
import { isFinished } from '../core/index.js';
import type { Direction, ParticipantRegistry } from '../participants/index.js';
import { backOffMs } from './back-off.js';
import { CallQueue } from './call-queue.js';
import { PHASE_TWO_RETRY_MS_MAX, PHASE_TWO_RETRY_MS_MIN } from './limits.js';
import type { LiveSession } from './live-session.js';
import { logOutcomes } from './phase-two-log.js';
import type { PhaseTwoTarget } from './phase-two-target.js';

interface PhaseTwoDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
  readonly participants: ParticipantRegistry;
  /** Records what became of a branch. */
  readonly report: (live: LiveSession, branchId: string, outcome: ReportedOutcome) => void;
  /** Records that nothing is left to do. */
  readonly reportEnd: (live: LiveSession) => void;
}

export interface ReportedOutcome {
  readonly outcome: BranchOutcome;
  /** When the branch is tried again, if it is. */
  readonly retryAtMs: number;
}

const DIRECTIONS: readonly Direction[] = ['commit', 'rollback'];
const RETRY = { minMs: PHASE_TWO_RETRY_MS_MIN, maxMs: PHASE_TWO_RETRY_MS_MAX };

/**
 * Brings the decision to the branches. Commit: all branches of a session at once. Rollback: one
 * after the other, the last one first, since a later branch may have changed what an earlier one
 * wrote. Sessions never wait for each other.
 */
export class PhaseTwo {
  readonly #deps: PhaseTwoDeps;
  readonly #queues: Readonly<Record<Direction, Map<string, CallQueue>>> = {
    commit: new Map(),
    rollback: new Map(),
  };
  #quietWaits: (() => void)[] = [];

  constructor(deps: PhaseTwoDeps) {
    this.#deps = deps;
  }

  /** Starts phase two of a decided session, or goes on with it after it was read anew. */
  drive(live: LiveSession): void {
    const { session } = live;
    if (session === undefined) return;
    const calling = live.targets?.filter((target) => target.state === 'calling') ?? [];
    live.targets = targetsOf(live, session).map(
      (target) => calling.find((old) => isSameBranch(old, target)) ?? target,
    );
    if (live.targets.length === 0 && session.branches.every(isFinished)) this.#deps.reportEnd(live);
    else this.#callNext(live);
  }

  /** The resource can be reached now. */
  attached(resourceId: string): void {
    for (const queue of this.#queuesAt(resourceId)) queue.kick();
  }

  /**
   * Resolves when no call to the resource is under way or about to be. What waits for its time does
   * not count: a resource that fails must not hold up those who want to leave.
   */
  async quiet(resourceId: string): Promise<void> {
    while (this.#queuesAt(resourceId).some((queue) => queue.isBusy)) {
      await new Promise<void>((resolve) => this.#quietWaits.push(resolve));
    }
  }

  /** Begins no more calls. */
  stop(): void {
    for (const direction of DIRECTIONS) {
      for (const queue of this.#queues[direction].values()) queue.stop();
    }
    this.#wakeQuiet();
  }

  #queuesAt(resourceId: string): CallQueue[] {
    const { commit, rollback } = this.#queues;
    return [commit.get(resourceId), rollback.get(resourceId)].filter(
      (queue) => queue !== undefined,
    );
  }

  #wakeQuiet(): void {
    for (const wake of this.#quietWaits.splice(0)) wake();
  }

  #callNext({ targets = [] }: LiveSession): void {
    for (const target of targets) {
      if (target.state === 'waiting') {
        target.state = 'calling';
        this.#queueOf(target).push(target);
      }
      // The branch before it must be restored first, however long that takes.
      if (target.direction === 'rollback' && target.state === 'calling') return;
    }
  }

  #settled(target: PhaseTwoTarget, outcome: BranchOutcome): void {
    const { clock, ids, report } = this.#deps;
    const { live } = target;
    let delayMs = 0;
    if (outcome.kind === 'retry') {
      target.failedCount += 1;
      delayMs = backOffMs(target.failedCount, RETRY, ids);
      target.notBeforeMs = clock.monotonicMs() + delayMs;
      this.#queueOf(target).delay(target);
    } else {
      target.state = 'settled';
    }
    report(live, target.branch.branchId, { outcome, retryAtMs: clock.now() + delayMs });
    if (target.state === 'settled') this.#callNext(live);
  }

  #queueOf({ direction, resourceId }: PhaseTwoTarget): CallQueue {
    const queues = this.#queues[direction];
    const known = queues.get(resourceId);
    if (known !== undefined) return known;
    const { clock, log, participants } = this.#deps;
    const queue = new CallQueue({
      direction,
      clock,
      participant: () => participants.find(resourceId),
      onOutcome: (target, outcome) => {
        this.#settled(target, outcome);
      },
      onCalled: (targets, outcomes) => {
        logOutcomes(log, targets, outcomes);
        this.#wakeQuiet();
      },
    });
    queues.set(resourceId, queue);
    return queue;
  }
}

/** In the order in which they are called. */
function targetsOf(live: LiveSession, session: Session): PhaseTwoTarget[] {
  const direction = directionOf(session);
  if (direction === undefined) return [];
  const targets: PhaseTwoTarget[] = [];
  for (const { branchId, resourceId, data, status } of session.branches) {
    if (status !== 'registered') continue;
    targets.push({
      live,
      resourceId,
      direction,
      branch: data === undefined ? { xid: live.xid, branchId } : { xid: live.xid, branchId, data },
      state: 'waiting',
      failedCount: 0,
      notBeforeMs: 0,
    });
  }
  return direction === 'commit' ? targets : targets.reverse();
}

function directionOf({ status }: Session): Direction | undefined {
  if (status === 'committing') return 'commit';
  return status === 'rolling-back' ? 'rollback' : undefined;
}

function isSameBranch(one: PhaseTwoTarget, other: PhaseTwoTarget): boolean {
  return one.branch.branchId === other.branch.branchId;
}
