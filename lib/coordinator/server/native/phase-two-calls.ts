import type {
  BranchHandler,
  BranchOutcome,
  BranchTarget,
  DtxError,
} from '../../../protocol/index.js';
import { messageOf } from '../../../protocol/index.js';
import type { ServerMessage, WireOutcomes, WireRefusal } from '../../../protocol/wire/index.js';
import { fromWireOutcomes, fromWireRefusal, toWirePhaseTwo } from '../../../protocol/wire/index.js';

type Direction = 'commit' | 'rollback';
type Outcomes = readonly BranchOutcome[];

interface WaitingCall {
  readonly targets: readonly BranchTarget[];
  readonly resolve: (outcomes: Outcomes) => void;
}

/** Calls of phase two that go to the client of one stream. */
export class PhaseTwoCalls {
  readonly #send: (message: ServerMessage) => void;
  readonly #waiting = new Map<number, WaitingCall>();
  #lastCallId = 0;
  #isLost = false;

  constructor(send: (message: ServerMessage) => void) {
    this.#send = send;
  }

  /** The resource of the client, as the coordinator calls it. */
  handlerOf({ resourceId, type }: Pick<BranchHandler, 'resourceId' | 'type'>): BranchHandler {
    return {
      resourceId,
      type,
      commitBranches: (targets) => this.#call('commit', resourceId, targets),
      rollbackBranches: (targets) => this.#call('rollback', resourceId, targets),
    };
  }

  /** Returns whether there is such a call. It may have been answered before. */
  answered(callId: number, outcomes: WireOutcomes): boolean {
    return this.#settle(callId, (targets) => outcomesOf(outcomes, targets));
  }

  /** The client could not make anything of the call. */
  refused(callId: number, refusal: WireRefusal): boolean {
    const error: DtxError = fromWireRefusal(refusal);
    return this.#settle(callId, (targets) => retryAll(targets, error.message));
  }

  /** The client is gone: whoever waits for it is told at once. */
  lose(): void {
    this.#isLost = true;
    for (const { resolve, targets } of this.#waiting.values()) resolve(retryAll(targets, LOST));
    this.#waiting.clear();
  }

  #call(
    direction: Direction,
    resourceId: string,
    targets: readonly BranchTarget[],
  ): Promise<Outcomes> {
    if (this.#isLost) return Promise.resolve(retryAll(targets, LOST));
    const callId = this.#newCallId();
    return new Promise((resolve) => {
      this.#waiting.set(callId, { targets, resolve });
      this.#send({ requestId: callId, phaseTwo: toWirePhaseTwo(direction, resourceId, targets) });
    });
  }

  #settle(callId: number, answer: (targets: readonly BranchTarget[]) => Outcomes): boolean {
    const call = this.#waiting.get(callId);
    if (call === undefined) return false;
    this.#waiting.delete(callId);
    call.resolve(answer(call.targets));
    return true;
  }

  #newCallId(): number {
    do this.#lastCallId = this.#lastCallId === CALL_ID_MAX ? 1 : this.#lastCallId + 1;
    while (this.#waiting.has(this.#lastCallId));
    return this.#lastCallId;
  }
}

/** The largest uint32: call ids begin anew behind it. */
const CALL_ID_MAX = 2 ** 32 - 1;

const LOST = 'the connection to the participant was lost; it may have done its part';

/** One that a newer client words differently is asked for again, until a person looks. */
function outcomesOf(outcomes: WireOutcomes, targets: readonly BranchTarget[]): Outcomes {
  try {
    return fromWireOutcomes(outcomes, targets.length);
  } catch (error) {
    return retryAll(targets, messageOf(error));
  }
}

function retryAll(targets: readonly BranchTarget[], error: string): Outcomes {
  return targets.map(() => ({ kind: 'retry', error }));
}
