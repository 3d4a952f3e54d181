import { copyOf } from './copy.js';
import type { EventQueue } from './event-queue.js';
import type { Rng } from './rng.js';
import type { Life, SimProcess } from './sim-process.js';
import type { Trace } from './trace.js';

/** Rates are probabilities per message. */
export interface NetworkFaults {
  readonly lossRate: number;
  readonly duplicateRate: number;
  readonly slowRate: number;
  /** What a slow message, or a late duplicate, takes at most. */
  readonly slowMsMax: number;
  /** An answer of nonsense instead of the right one. */
  readonly garbageRate: number;
}

/** What a caller gets instead of an answer: a code, and no more than a wire can carry. */
export class RemoteCallError extends Error {
  override readonly name = 'RemoteCallError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** Code of a call that was not answered in time: it may have been done or not. */
export const LOST_ANSWER = 'DTX_ERR_TM_OUTCOME_UNKNOWN';

interface Call {
  readonly to: SimProcess;
  readonly method: string;
  readonly payload: unknown;
  readonly timeoutMs: number;
}

type Answer =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error'; readonly code: string; readonly message: string };

const NO_FAULTS: NetworkFaults = {
  lossRate: 0,
  duplicateRate: 0,
  slowRate: 0,
  slowMsMax: 0,
  garbageRate: 0,
};
const LATENCY_MS_MIN = 0.2;
const LATENCY_MS_MAX = 3;
const GARBAGE: Answer = { kind: 'value', value: { no: 'sense' } };

/**
 * Requests and answers between processes. Either may be lost, slow or delivered twice, and each
 * direction between two processes can be cut. Nothing keeps an order.
 */
export class Network {
  #faults: NetworkFaults;
  readonly #queue: EventQueue;
  readonly #rng: Rng;
  readonly #trace: Trace;
  readonly #cuts = new Set<string>();

  constructor(queue: EventQueue, rng: Rng, trace: Trace, faults: NetworkFaults) {
    this.#queue = queue;
    this.#rng = rng;
    this.#trace = trace;
    this.#faults = faults;
  }

  /** Nothing gets from the one to the other until `join`; the way back stays open. */
  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  join(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  /** No message is lost, late or doubled any more, except what is on its way. */
  heal(): void {
    this.#cuts.clear();
    this.#faults = NO_FAULTS;
  }

  /** @throws RemoteCallError what the other side threw, or LOST_ANSWER when the time is up */
  call(from: Life, { to, method, payload, timeoutMs }: Call): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = from.clock.after(timeoutMs, () => {
        reject(new RemoteCallError(LOST_ANSWER, `${method} was not answered by ${to.name}`));
      });
      this.#send(from, to, method, payload, (receiver, copy) => {
        void this.#serve(receiver, from, method, copy, (answer) => {
          timer.cancel();
          if (answer.kind === 'value') resolve(answer.value);
          else reject(new RemoteCallError(answer.code, answer.message));
        });
      });
    });
  }

  async #serve(
    receiver: Life,
    caller: Life,
    method: string,
    payload: unknown,
    settle: (answer: Answer) => void,
  ): Promise<void> {
    const answer = await answerOf(receiver, method, payload);
    const sent = this.#rng.chance(this.#faults.garbageRate) ? GARBAGE : answer;
    this.#send(receiver, caller.process, `${method} answer`, sent, (arrived, copy) => {
      // A process that has been started again knows nothing of the calls of its last life.
      if (arrived === caller) settle(copy);
    });
  }

  #send<T>(
    from: Life,
    to: SimProcess,
    what: string,
    message: T,
    deliver: (receiver: Life, copy: T) => void,
  ): void {
    const label = `${from.name} > ${to.name} ${what}`;
    from.leave(() => {
      for (const delayMs of this.#delaysOf(from.process.name, to.name)) {
        const copy = copyOf(message);
        this.#queue.after(delayMs, label, () => {
          const { life } = to;
          if (life === undefined) this.#trace.add('nobody is there');
          life?.enter(() => {
            deliver(life, copy);
          });
        });
      }
    });
  }

  /** One for each time that the message is delivered. */
  #delaysOf(from: string, to: string): readonly number[] {
    const { lossRate, duplicateRate, slowRate, slowMsMax } = this.#faults;
    if (this.#cuts.has(`${from}>${to}`) || this.#rng.chance(lossRate)) return [];
    const delaysMs = [this.#delayMs(slowRate, slowMsMax)];
    if (this.#rng.chance(duplicateRate)) delaysMs.push(this.#delayMs(0.5, 2 * slowMsMax));
    return delaysMs;
  }

  #delayMs(slowRate: number, slowMsMax: number): number {
    const isSlow = this.#rng.chance(slowRate);
    return this.#rng.between(LATENCY_MS_MIN, isSlow ? slowMsMax : LATENCY_MS_MAX);
  }
}

async function answerOf(receiver: Life, method: string, payload: unknown): Promise<Answer> {
  if (receiver.serve === undefined) {
    return { kind: 'error', code: LOST_ANSWER, message: 'it is still starting' };
  }
  try {
    return { kind: 'value', value: await receiver.serve(method, payload) };
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const isCoded = typeof code === 'string';
    return { kind: 'error', code: isCoded ? code : 'ERR', message: String(message) };
  }
}
