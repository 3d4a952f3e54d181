import type { BranchOutcome, Clock, Timer } from '../../protocol/index.js';
import { failpoint } from '../../system/index.js';
import type { Direction, Participant } from '../participants/index.js';
import {
  CALLS_IN_FLIGHT_MAX,
  PHASE_TWO_RETRY_MS_MAX,
  TARGETS_PER_CALL_MAX,
  UNANSWERED_CALLS_MAX,
} from './limits.js';
import type { PhaseTwoTarget } from './phase-two-target.js';

interface CallQueueDeps {
  readonly direction: Direction;
  readonly clock: Clock;
  /** The resource, while it can be reached. */
  readonly participant: () => Participant | undefined;
  readonly onOutcome: (target: PhaseTwoTarget, outcome: BranchOutcome) => void;
  readonly onCalled: (
    targets: readonly PhaseTwoTarget[],
    outcomes: readonly BranchOutcome[],
  ) => void;
  /** Nothing is left that could be called now. */
  readonly onIdle: () => void;
}

/**
 * Branches of one resource that wait for one direction of phase two. Many of them share a call, and
 * the number of calls under way is bounded, so that a resource in trouble holds up only itself.
 */
export class CallQueue {
  readonly #deps: CallQueueDeps;
  #ready: PhaseTwoTarget[] = [];
  #delayed: PhaseTwoTarget[] = [];
  #inFlightCount = 0;
  #isScheduled = false;
  #isStopped = false;
  #timer: Timer | undefined;
  #timerDueMs = Infinity;

  constructor(deps: CallQueueDeps) {
    this.#deps = deps;
  }

  /** Whether a call is under way or about to be. */
  get isBusy(): boolean {
    if (this.#inFlightCount > 0) return true;
    if (this.#isStopped || this.#deps.participant() === undefined) return false;
    return this.#ready.length > 0;
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
    this.#ready = this.#ready.concat(this.#delayed);
    this.#delayed = [];
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

  /** One turn later, so that the branches that were decided together are called together. */
  #schedule(): void {
    if (this.#isScheduled || this.#isStopped || this.#ready.length === 0) return;
    this.#isScheduled = true;
    this.#deps.clock.soon(() => {
      this.#isScheduled = false;
      this.#callReady();
      if (!this.isBusy) this.#deps.onIdle();
    });
  }

  #callReady(): void {
    const { direction, participant } = this.#deps;
    const resource = participant();
    this.#ready = this.#ready.filter(({ state }) => state === 'queued');
    if (resource === undefined || this.#isStopped) return;
    let freeCount = CALLS_IN_FLIGHT_MAX[direction] - this.#inFlightCount;
    while (freeCount > 0 && this.#ready.length > 0) {
      if (resource.unansweredCount >= UNANSWERED_CALLS_MAX) {
        this.#postpone();
        return;
      }
      // Spread over the free calls: rollbacks wait for each other inside a call.
      const count = Math.min(TARGETS_PER_CALL_MAX, Math.ceil(this.#ready.length / freeCount));
      void this.#call(resource, this.#ready.splice(0, count));
      freeCount -= 1;
    }
  }

  async #call(resource: Participant, targets: readonly PhaseTwoTarget[]): Promise<void> {
    const { direction, onCalled, onOutcome } = this.#deps;
    this.#inFlightCount += 1;
    for (const target of targets) target.state = 'calling';
    failpoint('phase2.before');
    const outcomes = await resource.call(
      direction,
      targets.map((target) => target.branch),
    );
    failpoint('phase2.after');
    this.#inFlightCount -= 1;
    targets.forEach((target, index) => {
      const outcome = outcomes[index];
      if (outcome !== undefined) onOutcome(target, outcome);
    });
    onCalled(targets, outcomes);
    this.#schedule();
  }

  /** The resource answers nothing: more calls would only pile up. */
  #postpone(): void {
    const notBeforeMs = this.#deps.clock.monotonicMs() + PHASE_TWO_RETRY_MS_MAX;
    for (const target of this.#ready.splice(0)) {
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

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
