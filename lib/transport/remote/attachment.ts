import type { BranchHandler, BranchOutcome } from '../../protocol/index.js';
import {
  BRANCH_RESULT_LENGTH_MAX,
  ERROR_TEXT_LENGTH_MAX,
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
    const handler = this.#handler;
    this.#busyCount += 1;
    try {
      const outcomes: unknown = await (direction === 'commit'
        ? handler.commitBranches(targets)
        : handler.rollbackBranches(targets));
      if (areOutcomes(outcomes, targets.length)) return toWireOutcomes(outcomes.map(clipped));
      return retryAll(targets.length, 'the handler did not answer each branch with an outcome');
    } catch (error) {
      return retryAll(targets.length, messageOf(error));
    } finally {
      this.#busyCount -= 1;
      if (this.#busyCount === 0) for (const wake of this.#onQuiet.splice(0)) wake();
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

function retryAll(count: number, error: string): WireOutcomes {
  const outcome: BranchOutcome = clipped({ kind: 'retry', error });
  return toWireOutcomes(Array.from({ length: count }, () => outcome));
}
