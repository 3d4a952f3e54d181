import type { Clock, CoordinatorClient, Timer } from '../../../../lib/protocol/index.js';

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Time that passes only when a test says so. Turns of the event loop are real. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Pending>();
  #passedMs = 0;

  now(): number {
    return 1_700_000_000_000 + this.#passedMs;
  }

  monotonicMs(): number {
    return this.#passedMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const pending = { dueMs: this.#passedMs + delayMs, callback };
    this.#timers.add(pending);
    return { cancel: () => this.#timers.delete(pending) };
  }

  soon(callback: () => void): void {
    setImmediate(callback);
  }

  /** Lets time pass, and what is due happen, one after the other. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#passedMs + ms;
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#passedMs = Math.max(this.#passedMs, next.dueMs);
      this.#timers.delete(next);
      next.callback();
      await turns();
    }
    this.#passedMs = endMs;
    await turns();
  }

  #next(endMs: number): Pending | undefined {
    const due = [...this.#timers].filter(({ dueMs }) => dueMs <= endMs);
    return due.sort((one, other) => one.dueMs - other.dueMs)[0];
  }
}

/** Closes a client whose resources may have left calls unanswered. */
export async function closeLate(client: CoordinatorClient, clock: ManualClock): Promise<void> {
  const closed = client.close();
  await clock.pass(0);
  await clock.pass(10_000);
  await closed;
}

/** As many turns of the event loop as a request takes from its call to its last effect. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
