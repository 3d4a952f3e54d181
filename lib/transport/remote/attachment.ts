import type { BranchHandler, BranchOutcome, BranchTarget } from '../../protocol/index.js';
import {
  BRANCH_RESULT_LENGTH_MAX,
  ERROR_TEXT_LENGTH_MAX,
  assertBranch,
  messageOf,
} from '../../protocol/index.js';
import type { WireOutcomes, WirePhaseTwo, WireResource } from '../../protocol/wire/index.js';
import { fromWirePhaseTwo, toWireOutcomes, toWireResource } from '../../protocol/wire/index.js';

/** A resource of this process, and the phase-two calls that it is busy with. */
export class Attachment {
  readonly resource: WireResource;
  readonly #handler: BranchHandler;
  #busyCount = 0;
  #onQuiet: (() => void)[] = [];

  constructor(handler: BranchHandler) {
    this.#handler = handler;
    this.resource = toWireResource(handler);
  }

  /**
   * Brings phase two to the resource; whatever goes wrong there is an outcome.
   *
   * @throws UnknownWordError the direction is unknown
   */
  async finish(call: WirePhaseTwo): Promise<WireOutcomes> {
    const { direction, targets } = fromWirePhaseTwo(call);
    this.#busyCount += 1;
    try {
      const refusals = targets.map(refusalOf);
      const outcomes = await this.#finish(
        direction,
        targets.filter((_target, index) => refusals[index] === undefined),
      );
      // In their places, whatever stands between them.
      const inOrder = outcomes.values();
      return toWireOutcomes(refusals.map((refusal) => refusal ?? inOrder.next().value ?? NONE));
    } finally {
      this.#busyCount -= 1;
      if (this.#busyCount === 0) for (const wake of this.#onQuiet.splice(0)) wake();
    }
  }

  async #finish(
    direction: 'commit' | 'rollback',
    targets: readonly BranchTarget[],
  ): Promise<readonly BranchOutcome[]> {
    const handler = this.#handler;
    if (targets.length === 0) return [];
    try {
      const outcomes: unknown = await (direction === 'commit'
        ? handler.commitBranches(targets)
        : handler.rollbackBranches(targets));
      return areOutcomes(outcomes, targets.length)
        ? outcomes.map(clipped)
        : targets.map(() => NONE);
    } catch (error) {
      const outcome = clipped({ kind: 'retry', error: messageOf(error) });
      return targets.map(() => outcome);
    }
  }

  /** Resolves when no call is under way. */
  quiet(): Promise<void> {
    if (this.#busyCount === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onQuiet.push(resolve);
    });
  }
}

const NONE: BranchOutcome = {
  kind: 'retry',
  error: 'the handler did not answer each branch with an outcome',
};

/** Ids that are none are brought to no database: other branches of the call would suffer for it. */
function refusalOf(target: BranchTarget): BranchOutcome | undefined {
  try {
    assertBranch(target);
    return undefined;
  } catch (error) {
    return clipped({ kind: 'cannot', error: messageOf(error) });
  }
}

const OUTCOME_KINDS = new Set<unknown>([
  'done',
  'retry',
  'cannot',
] satisfies BranchOutcome['kind'][]);

function areOutcomes(answer: unknown, count: number): answer is readonly BranchOutcome[] {
  return Array.isArray(answer) && answer.length === count && answer.every(isOutcome);
}

function isOutcome(candidate: unknown): boolean {
  if (typeof candidate !== 'object' || candidate === null || !('kind' in candidate)) return false;
  if (!OUTCOME_KINDS.has(candidate.kind)) return false;
  return candidate.kind === 'done' || ('error' in candidate && typeof candidate.error === 'string');
}

/** The coordinator keeps no more of it, and a hundred of them have to fit into a frame. */
function clipped(outcome: BranchOutcome): BranchOutcome {
  if (outcome.kind !== 'done') {
    const { error, kind } = outcome;
    return error.length <= ERROR_TEXT_LENGTH_MAX
      ? outcome
      : { kind, error: clip(error, ERROR_TEXT_LENGTH_MAX) };
  }
  const { result } = outcome;
  if (result === undefined || result.length <= BRANCH_RESULT_LENGTH_MAX) return outcome;
  return { kind: 'done', result: clip(result, BRANCH_RESULT_LENGTH_MAX) };
}

function clip(text: string, lengthMax: number): string {
  return text.slice(0, lengthMax);
}
