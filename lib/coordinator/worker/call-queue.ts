import type { BranchOutcome, Clock, Timer } from '../../protocol/index.js';
import { failpoint } from '../../system/index.js';
import type { Direction, Participant } from '../participants/index.js';
import {
  CALLS_IN_FLIGHT_ALONE_MAX,
  CALLS_IN_FLIGHT_MAX,
  PHASE_TWO_RETRY_MS_MAX,
  REPEATS_IN_FLIGHT_MAX,
  STRANDED_SWEEP_MIN,
  TARGETS_PER_CALL_MAX,
  UNANSWERED_CALLS_MAX,
} from './limits.js';
import type { PhaseTwoTarget } from './phase-two-target.js';

interface CallQueueDeps {
  readonly direction: Direction;
  /** Whether each branch has a call of its own. @default false */
  readonly callsAlone?: boolean;
  /** Shortest time from one call to the next. @default 0 */
  readonly paceMs?: number;
  readonly clock: Clock;
  /** The instance of the resource that is to finish the branch, if one can be reached. */
  readonly participantFor: (target: PhaseTwoTarget) => Participant | undefined;
  readonly onOutcome: (target: PhaseTwoTarget, outcome: BranchOutcome) => void;
  readonly onCalled: (
    targets: readonly PhaseTwoTarget[],
    outcomes: readonly BranchOutcome[],
  ) => void;
  /** What could be called now is on its way. */
  readonly onIdle: () => void;
}

/**
 * Branches of one resource that wait for one direction of phase two. Many of them share a call, and
 * the number of calls under way to an instance is bounded, so that one in trouble holds up only
 * itself.
 */
export class CallQueue {
  readonly #deps: CallQueueDeps;
  #ready: PhaseTwoTarget[] = [];
  #delayed: PhaseTwoTarget[] = [];
  /** What nobody can finish who is here. Kept apart, so that others need not look through it. */
  #stranded: PhaseTwoTarget[] = [];
  #strandedMax = STRANDED_SWEEP_MIN;
  readonly #inFlight = new CallCounts();
  /** Of those, the ones about branches that have left a call unanswered before. */
  readonly #repeats = new CallCounts();
  #isScheduled = false;
  #calledAtMs = -Infinity;
  #isStopped = false;
  #timer: Timer | undefined;
  #timerDueMs = Infinity;

  constructor(deps: CallQueueDeps) {
    this.#deps = deps;
  }

  /** Whether a call to the instance is under way or about to be. */
  isBusyWith(participant: Participant): boolean {
    if (this.#inFlight.of(participant) > 0) return true;
    if (this.#isStopped) return false;
    return this.#ready.some((target) => this.#deps.participantFor(target) === participant);
  }

  /** Whether nothing is under way or waits here. */
  get isEmpty(): boolean {
    const waitingCount = this.#ready.length + this.#delayed.length + this.#stranded.length;
    return this.#inFlight.isEmpty && waitingCount === 0;
  }

  /** It is called as soon as it may be. */
  push(target: PhaseTwoTarget): void {
    if (target.notBeforeMs > this.#deps.clock.monotonicMs()) {
      this.#delay(target);
      return;
    }
    this.#ready.push(target);
    this.#schedule();
  }

  /** A target that waits for its time need not wait any longer. */
  hasten(target: PhaseTwoTarget): void {
    const index = this.#delayed.indexOf(target);
    if (index === -1) return;
    this.#delayed.splice(index, 1);
    this.#ready.push(target);
    this.#schedule();
  }

  /** The resource can be reached (again): nothing waits any longer. */
  kick(): void {
    this.#ready = this.#ready.concat(this.#delayed, this.#stranded);
    this.#delayed = [];
    this.#stranded = [];
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #delay(target: PhaseTwoTarget): void {
    this.#delayed.push(target);
    if (target.notBeforeMs < this.#timerDueMs) this.#armTimer(target.notBeforeMs);
  }

  /** At least one turn later, so that what was decided together is called together. */
  #schedule(): void {
    if (this.#isScheduled || this.#isStopped || this.#ready.length === 0) return;
    this.#isScheduled = true;
    const go = (): void => {
      this.#isScheduled = false;
      this.#callReady();
      this.#deps.onIdle();
    };
    const pauseMs = this.#pauseMs();
    if (pauseMs > 0) this.#deps.clock.after(pauseMs, go);
    else this.#deps.clock.soon(go);
  }

  /** A full call has all the company that it can have. */
  #pauseMs(): number {
    const { clock, paceMs = 0 } = this.#deps;
    if (paceMs === 0 || this.#ready.length >= TARGETS_PER_CALL_MAX) return 0;
    return this.#calledAtMs + paceMs - clock.monotonicMs();
  }

  #callReady(): void {
    const queued = this.#ready.filter(({ state }) => state === 'queued');
    this.#ready = queued;
    if (this.#isStopped) return;
    this.#ready = [];
    for (const [participant, targets] of this.#byParticipant(queued)) {
      if (this.#deps.callsAlone === true) this.#callEach(participant, targets);
      else this.#callAt(participant, targets, Infinity);
    }
  }

  #byParticipant(targets: readonly PhaseTwoTarget[]): ReadonlyMap<Participant, PhaseTwoTarget[]> {
    const groups = new Map<Participant, PhaseTwoTarget[]>();
    for (const target of targets) {
      const participant = this.#deps.participantFor(target);
      if (participant === undefined) {
        this.#strand(target);
        continue;
      }
      const group = groups.get(participant);
      if (group === undefined) groups.set(participant, [target]);
      else group.push(target);
    }
    return groups;
  }

  #callEach(participant: Participant, targets: readonly PhaseTwoTarget[]): void {
    const { direction } = this.#deps;
    const [repeated, fresh] = partition(targets, ({ branch }) =>
      participant.isUnanswered(direction, branch),
    );
    this.#callAt(participant, fresh, Infinity);
    const repeatsMax = REPEATS_IN_FLIGHT_MAX - this.#repeats.of(participant);
    this.#callAt(participant, repeated, repeatsMax);
  }

  #callAt(participant: Participant, targets: PhaseTwoTarget[], newCallsMax: number): void {
    const { callsAlone = false, direction } = this.#deps;
    const callsMax = callsAlone ? CALLS_IN_FLIGHT_ALONE_MAX : CALLS_IN_FLIGHT_MAX[direction];
    let freeCount = Math.min(callsMax - this.#inFlight.of(participant), newCallsMax);
    while (freeCount > 0 && targets.length > 0) {
      if (participant.unansweredCount >= UNANSWERED_CALLS_MAX) {
        this.#postpone(targets);
        return;
      }
      // Spread over the free calls: rollbacks wait for each other inside a call.
      const countMax = callsAlone ? 1 : TARGETS_PER_CALL_MAX;
      const count = Math.min(countMax, Math.ceil(targets.length / freeCount));
      void this.#call(participant, targets.splice(0, count));
      freeCount -= 1;
    }
    this.#ready = this.#ready.concat(targets);
  }

  #strand(target: PhaseTwoTarget): void {
    this.#stranded.push(target);
    // Those that other nodes have taken over meanwhile are thrown out now and then.
    if (this.#stranded.length < this.#strandedMax) return;
    this.#stranded = this.#stranded.filter(({ state }) => state === 'queued');
    this.#strandedMax = Math.max(STRANDED_SWEEP_MIN, 2 * this.#stranded.length);
  }

  async #call(participant: Participant, targets: readonly PhaseTwoTarget[]): Promise<void> {
    const { callsAlone = false, direction, onCalled, onOutcome } = this.#deps;
    const isRepeat =
      callsAlone && targets.some(({ branch }) => participant.isUnanswered(direction, branch));
    this.#inFlight.add(participant, 1);
    if (isRepeat) this.#repeats.add(participant, 1);
    this.#calledAtMs = this.#deps.clock.monotonicMs();
    for (const target of targets) target.state = 'calling';
    failpoint('phase2.before');
    const outcomes = await participant.call(
      direction,
      targets.map((target) => target.branch),
    );
    failpoint('phase2.after');
    this.#inFlight.add(participant, -1);
    if (isRepeat) this.#repeats.add(participant, -1);
    targets.forEach((target, index) => {
      const outcome = outcomes[index];
      if (outcome !== undefined) onOutcome(target, outcome);
    });
    onCalled(targets, outcomes);
    this.#schedule();
  }

  /** The instance answers nothing: more calls would only pile up. */
  #postpone(targets: readonly PhaseTwoTarget[]): void {
    const notBeforeMs = this.#deps.clock.monotonicMs() + PHASE_TWO_RETRY_MS_MAX;
    for (const target of targets) {
      target.notBeforeMs = notBeforeMs;
      this.#delay(target);
    }
  }

  #armTimer(dueMs: number): void {
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    if (this.#isStopped || dueMs === Infinity) return;
    const { clock } = this.#deps;
    this.#timer = clock.after(Math.max(0, dueMs - clock.monotonicMs()), () => {
      const nowMs = clock.monotonicMs();
      const left = this.#delayed.filter(({ state }) => state === 'queued');
      const [due, later] = partition(left, (target) => target.notBeforeMs <= nowMs);
      this.#ready = this.#ready.concat(due);
      this.#delayed = later;
      this.#schedule();
      this.#armTimer(later.reduce((min, target) => Math.min(min, target.notBeforeMs), Infinity));
    });
  }
}

/** Calls under way to each instance; nothing is kept of one that has none. */
class CallCounts {
  readonly #counts = new Map<Participant, number>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  of(participant: Participant): number {
    return this.#counts.get(participant) ?? 0;
  }

  add(participant: Participant, change: 1 | -1): void {
    const count = this.of(participant) + change;
    if (count === 0) this.#counts.delete(participant);
    else this.#counts.set(participant, count);
  }
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
