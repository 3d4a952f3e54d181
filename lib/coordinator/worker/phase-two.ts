import type { BranchOutcome, Clock, DtxLog, Ids } from '../../protocol/index.js';
import { SESSION_KINDS } from '../../protocol/index.js';
import { backOffMs } from '../../system/index.js';
import type { Branch, Session } from '../core/index.js';
import { isFinished } from '../core/index.js';
import type { Direction, Participant, ParticipantRegistry } from '../participants/index.js';
import { CallQueue } from './call-queue.js';
import {
  COMMIT_PACE_MS,
  OFFER_EVERY,
  PHASE_TWO_RETRY_MS_MAX,
  PHASE_TWO_RETRY_MS_MIN,
} from './limits.js';
import type { LiveSession } from './live-session.js';
import { logRetries } from './phase-two-log.js';
import type { PhaseTwoTarget } from './phase-two-target.js';

interface PhaseTwoDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
  readonly participants: ParticipantRegistry;
  /** Whether there may be another node that has more luck with a branch. */
  readonly isShared: boolean;
  /** Records what became of a branch. */
  readonly report: (live: LiveSession, branchId: string, outcome: ReportedOutcome) => void;
  /** Records that nothing is left to do. */
  readonly reportEnd: (live: LiveSession) => void;
}

export interface ReportedOutcome {
  readonly outcome: BranchOutcome;
  /** When the branch is tried again, if it is. */
  readonly retryAtMs: number;
  /** Whether another node is to try then. */
  readonly isOffered: boolean;
}

const DIRECTIONS: readonly Direction[] = ['commit', 'rollback'];
const RETRY = { minMs: PHASE_TWO_RETRY_MS_MIN, maxMs: PHASE_TWO_RETRY_MS_MAX };

/**
 * Brings the decision to the branches, in the order of their kind of session. Sessions never wait
 * for each other.
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

  /** Starts phase two of a decided session, or goes on with it as it stands now. */
  drive(live: LiveSession): void {
    const { session } = live;
    if (session === undefined) return;
    const old = live.targets ?? [];
    live.targets = this.#inTurn(session, this.#targetsOf(live, session, old));
    for (const target of old) if (!live.targets.includes(target)) target.state = 'dropped';
    if (session.branches.every(isFinished)) this.#deps.reportEnd(live);
    else this.#callNext(live);
  }

  /** Another node drives the session now, or nobody has to. Calls under way go on. */
  forget(live: LiveSession): void {
    for (const target of live.targets ?? []) target.state = 'dropped';
    live.targets = undefined;
  }

  /** Whether a call for the session is under way, or about to be. */
  isBusyWith({ targets = [] }: LiveSession): boolean {
    const { clock, participants } = this.#deps;
    const nowMs = clock.monotonicMs();
    return targets.some(
      (target) =>
        target.state === 'calling' ||
        (target.state === 'queued' &&
          target.notBeforeMs <= nowMs &&
          participants.find(target) !== undefined),
    );
  }

  /** The resource can be reached now. */
  attached(resourceId: string): void {
    for (const queue of this.#queuesAt(resourceId)) queue.kick();
  }

  /** An instance of the resource is gone. */
  detached(resourceId: string): void {
    for (const direction of DIRECTIONS) this.#forgetQueue(direction, resourceId);
  }

  /**
   * Resolves when no call to this instance is under way or about to be. What waits for its time
   * does not count: a resource that fails must not hold up those who want to leave.
   */
  async quiet(participant: Participant): Promise<void> {
    const { resourceId } = participant;
    while (this.#queuesAt(resourceId).some((queue) => queue.isBusyWith(participant))) {
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

  /** In the order in which they are called. What is on its way already is kept. */
  #targetsOf(
    live: LiveSession,
    session: Session,
    old: readonly PhaseTwoTarget[],
  ): PhaseTwoTarget[] {
    const phaseTwo = SESSION_KINDS[session.kind].phaseTwo[session.status];
    if (phaseTwo === undefined) return [];
    const targets = session.branches
      .filter(({ status }) => status === 'registered')
      .map((branch) => {
        const known = old.find(
          (target) => target.branch.branchId === branch.branchId && isUnderWay(target),
        );
        if (known === undefined) return this.#newTarget(live, branch, phaseTwo.call);
        if (branch.attempts === 0) this.#hasten(known);
        return known;
      });
    return phaseTwo.order === 'together' ? targets : targets.reverse();
  }

  #newTarget(live: LiveSession, branch: Branch, direction: Direction): PhaseTwoTarget {
    const { applicationId, branchId, data, instanceId, resourceId, type } = branch;
    const { clock } = this.#deps;
    return {
      live,
      resourceId,
      type,
      applicationId,
      instanceId,
      direction,
      branch: data === undefined ? { xid: live.xid, branchId } : { xid: live.xid, branchId, data },
      state: 'waiting',
      failedCount: branch.attempts,
      // Its pause goes on where the node before has begun it, by whatever clock.
      notBeforeMs:
        branch.attempts === 0 ? 0 : clock.monotonicMs() + pauseLeftMs(branch, clock.now()),
    };
  }

  /** Where the order counts, only the first may be on its way: the others wait for it again. */
  #inTurn(session: Session, targets: readonly PhaseTwoTarget[]): readonly PhaseTwoTarget[] {
    const phaseTwo = SESSION_KINDS[session.kind].phaseTwo[session.status];
    if (phaseTwo?.order !== 'last-first') return targets;
    return targets.map((target, place) => {
      if (place === 0 || target.state !== 'queued') return target;
      // Its place in the queue is kept by the old one, which drive() drops.
      return { ...target, state: 'waiting' };
    });
  }

  /** A person has ordered another try: it begins to count anew, and does not wait. */
  #hasten(target: PhaseTwoTarget): void {
    if (target.failedCount === 0) return;
    target.failedCount = 0;
    target.notBeforeMs = 0;
    this.#queueOf(target).hasten(target);
  }

  #queuesAt(resourceId: string): CallQueue[] {
    const { commit, rollback } = this.#queues;
    return [commit.get(resourceId), rollback.get(resourceId)].filter(
      (queue) => queue !== undefined,
    );
  }

  /** Clients may bring ever new resources: nothing is kept of one that is gone. */
  #forgetQueue(direction: Direction, resourceId: string): void {
    const queues = this.#queues[direction];
    const queue = queues.get(resourceId);
    if (queue?.isEmpty !== true || this.#deps.participants.has(resourceId)) return;
    queue.stop();
    queues.delete(resourceId);
  }

  #wakeQuiet(): void {
    for (const wake of this.#quietWaits.splice(0)) wake();
  }

  #callNext({ session, targets = [] }: LiveSession): void {
    const phaseTwo = session && SESSION_KINDS[session.kind].phaseTwo[session.status];
    const isInOrder = phaseTwo?.order === 'last-first';
    // A person's order may have given a branch back its turn while a later one's call is under way.
    if (isInOrder && targets.some(({ state }) => state === 'calling')) return;
    for (const target of targets) {
      if (target.state === 'waiting') {
        target.state = 'queued';
        this.#queueOf(target).push(target);
      }
      // The branch before it must be restored first, however long that takes.
      if (isInOrder && isUnderWay(target)) return;
    }
  }

  #settled(target: PhaseTwoTarget, outcome: BranchOutcome): void {
    const { clock, ids, isShared, report } = this.#deps;
    const { live } = target;
    const { branchId } = target.branch;
    const isDropped = target.state === 'dropped';
    if (outcome.kind !== 'retry') {
      if (!isDropped) target.state = 'settled';
      report(live, branchId, { outcome, retryAtMs: clock.now(), isOffered: false });
      if (live.targets !== undefined) this.#callNext(live);
      return;
    }
    if (isDropped) {
      if (live.targets !== undefined) this.#callNext(live);
      return;
    }
    target.failedCount += 1;
    const delayMs = backOffMs(target.failedCount, RETRY, ids);
    const isOffered = isShared && target.failedCount % OFFER_EVERY === 0;
    report(live, branchId, { outcome, retryAtMs: clock.now() + delayMs, isOffered });
    target.notBeforeMs = clock.monotonicMs() + delayMs;
    target.state = isOffered ? 'dropped' : 'queued';
    // What is offered comes back by a claim, if nobody else takes it.
    if (!isOffered) this.#queueOf(target).push(target);
  }

  #queueOf({ direction, resourceId, type }: PhaseTwoTarget): CallQueue {
    const queues = this.#queues[direction];
    const known = queues.get(resourceId);
    if (known !== undefined) return known;
    const { clock, log, participants } = this.#deps;
    const queue = new CallQueue({
      direction,
      callsAlone: type !== 'AT',
      paceMs: direction === 'commit' ? (COMMIT_PACE_MS[type] ?? 0) : 0,
      clock,
      participantFor: (target) => participants.find(target),
      onOutcome: (target, outcome) => {
        this.#settled(target, outcome);
      },
      onCalled: (targets, outcomes) => {
        logRetries(log, targets, outcomes);
        this.#wakeQuiet();
      },
      onIdle: () => {
        this.#wakeQuiet();
        this.#forgetQueue(direction, resourceId);
      },
    });
    queues.set(resourceId, queue);
    return queue;
  }
}

function pauseLeftMs({ dueAtMs }: Branch, nowMs: number): number {
  return Math.min(Math.max(0, dueAtMs - nowMs), PHASE_TWO_RETRY_MS_MAX);
}

function isUnderWay({ state }: PhaseTwoTarget): boolean {
  return state === 'queued' || state === 'calling';
}
