import type { Timer } from '../../../lib/protocol/index.js';
import type { Rng } from './rng.js';
import { realTurn } from './real-turn.js';
import type { Trace } from './trace.js';

interface Event {
  readonly timeMs: number;
  /** Events of one instant come in the order of this number, not in that of their making. */
  readonly tie: number;
  readonly label: string;
  run: (() => void) | undefined;
}

/** A run that does this much has lost its way: something calls itself for ever. */
const EVENT_COUNT_MAX = 400_000;

/**
 * Everything that is asynchronous in reality (a timer, a message, the answer of a disk) is one
 * event here, and time passes from one event to the next. Which of two events of the same instant
 * comes first is drawn from the seed.
 *
 * Between two events JavaScript has one real turn of its loop, in which all promise jobs of the
 * first one are done. Their order is fixed by the language, so that a seed repeats exactly.
 */
export class EventQueue {
  readonly #rng: Rng;
  readonly #trace: Trace;
  readonly #heap: Event[] = [];
  #nowMs = 0;
  #eventCount = 0;
  #isStopped = false;

  constructor(rng: Rng, trace: Trace) {
    this.#rng = rng;
    this.#trace = trace;
  }

  /** Virtual milliseconds since the run began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls back once, when `delayMs` have passed. */
  after(delayMs: number, label: string, run: () => void): Timer {
    const timeMs = this.#nowMs + Math.max(0, delayMs);
    const event: Event = { timeMs, tie: this.#rng.u32(), label, run };
    push(this.#heap, event);
    return {
      cancel: () => {
        event.run = undefined;
      },
    };
  }

  /** Ends the run behind the event that is under way. */
  stop(): void {
    this.#isStopped = true;
  }

  /** @throws Error when the run has no end */
  async runUntil(endMs: number): Promise<void> {
    for (let event = this.#next(endMs); event !== undefined; event = this.#next(endMs)) {
      this.#nowMs = event.timeMs;
      this.#eventCount += 1;
      if (this.#eventCount > EVENT_COUNT_MAX) throw new Error('The run has too many events.');
      this.#trace.add(`${event.timeMs.toFixed(3)} ${event.label}`);
      event.run?.();
      await realTurn();
    }
    if (!this.#isStopped) this.#nowMs = endMs;
  }

  #next(endMs: number): Event | undefined {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#isStopped || first.timeMs > endMs) return undefined;
      pop(this.#heap);
      if (first.run !== undefined) return first;
    }
    return undefined;
  }
}

const isBefore = (one: Event, other: Event): boolean =>
  one.timeMs < other.timeMs || (one.timeMs === other.timeMs && one.tie < other.tie);

function push(heap: Event[], event: Event): void {
  let index = heap.length;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !isBefore(event, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const childIndex = smallerChild(heap, index);
    const child = heap[childIndex];
    if (child === undefined || !isBefore(child, last)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = last;
}

function smallerChild(heap: readonly Event[], index: number): number {
  const left = heap[2 * index + 1];
  const right = heap[2 * index + 2];
  const isRight = left !== undefined && right !== undefined && isBefore(right, left);
  return 2 * index + (isRight ? 2 : 1);
}
