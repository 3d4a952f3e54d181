import type { BranchHandler, BranchOutcome, BranchTarget, Clock } from '../../protocol/index.js';
import { messageOf } from '../../protocol/index.js';
import type { Origin } from './origin.js';

export type Direction = 'commit' | 'rollback';

const OUTCOME_KINDS = new Set<unknown>([
  'done',
  'retry',
  'cannot',
] satisfies BranchOutcome['kind'][]);

interface ParticipantDeps {
  readonly handler: BranchHandler;
  readonly origin: Origin;
  readonly clock: Clock;
  /** After this long a call counts as failed. */
  readonly callTimeoutMs: number;
}

/** A resource at one instance. Its calls never reject: whatever goes wrong is an outcome. */
export class Participant {
  readonly #deps: ParticipantDeps;
  /** It wants to go; see Candidate. */
  isLeaving = false;
  /** Calls without an answer yet, by what they are about: how many times each was made. */
  readonly #unanswered = new Map<string, number>();

  constructor(deps: ParticipantDeps) {
    this.#deps = deps;
  }

  get origin(): Origin {
    return this.#deps.origin;
  }

  get resourceId(): string {
    return this.#deps.handler.resourceId;
  }

  /**
   * Calls that have not been answered, those included whose time was up. One that is repeated
   * counts once: a branch that hangs must not look, after a while, like an instance that
   * answers nothing.
   */
  get unansweredCount(): number {
    return this.#unanswered.size;
  }

  /** Whether a call about this branch alone has been left unanswered. */
  isUnanswered(direction: Direction, target: BranchTarget): boolean {
    return this.#unanswered.has(subjectOf(direction, [target]));
  }

  /** Brings phase two to the resource. Answers each target, in their order. */
  call(direction: Direction, targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    const { clock, callTimeoutMs } = this.#deps;
    const subject = subjectOf(direction, targets);
    return new Promise((resolve) => {
      const timer = clock.after(callTimeoutMs, () => {
        resolve(retryAll(targets, `no answer within ${String(callTimeoutMs)} ms`));
      });
      this.#unanswered.set(subject, (this.#unanswered.get(subject) ?? 0) + 1);
      void this.#answer(direction, targets).then((outcomes) => {
        timer.cancel();
        this.#answered(subject);
        resolve(outcomes);
      });
    });
  }

  #answered(subject: string): void {
    const leftCount = (this.#unanswered.get(subject) ?? 0) - 1;
    if (leftCount > 0) this.#unanswered.set(subject, leftCount);
    else this.#unanswered.delete(subject);
  }

  async #answer(
    direction: Direction,
    targets: readonly BranchTarget[],
  ): Promise<readonly BranchOutcome[]> {
    const { handler } = this.#deps;
    try {
      const outcomes: unknown = await (direction === 'commit'
        ? handler.commitBranches(targets)
        : handler.rollbackBranches(targets));
      if (areOutcomes(outcomes, targets.length)) return outcomes;
      return retryAll(targets, 'the handler did not answer each branch with an outcome');
    } catch (error) {
      return retryAll(targets, messageOf(error));
    }
  }
}

function subjectOf(direction: Direction, targets: readonly BranchTarget[]): string {
  return `${direction} ${targets.map(({ branchId }) => branchId).join()}`;
}

function retryAll(targets: readonly BranchTarget[], error: string): readonly BranchOutcome[] {
  return targets.map(() => ({ kind: 'retry', error }));
}

function areOutcomes(answer: unknown, count: number): answer is readonly BranchOutcome[] {
  return Array.isArray(answer) && answer.length === count && answer.every(isOutcome);
}

function isOutcome(candidate: unknown): boolean {
  if (typeof candidate !== 'object' || candidate === null || !('kind' in candidate)) return false;
  if (!OUTCOME_KINDS.has(candidate.kind)) return false;
  return candidate.kind === 'done' || ('error' in candidate && typeof candidate.error === 'string');
}
