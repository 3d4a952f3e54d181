import type { Clock } from '../../protocol/index.js';

/** Gives the slot back. May be repeated. */
export type FreeSlot = () => void;

interface Waiter {
  readonly give: (free: FreeSlot | undefined) => void;
}

/** So many branches of one data source may be open or prepared at a time; others wait in turn. */
export class Slots {
  readonly #clock: Clock;
  readonly #waiters = new Set<Waiter>();
  #limit: number | undefined;
  #taken = 0;

  /** @param limit undefined = as many as like */
  constructor(clock: Clock, limit: number | undefined) {
    this.#clock = clock;
    this.#limit = limit;
  }

  get limit(): number | undefined {
    return this.#limit;
  }

  set limit(limit: number | undefined) {
    this.#limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  /** undefined when none was free within the time. */
  take(timeoutMs: number): Promise<FreeSlot | undefined> | FreeSlot {
    if (this.#limit === undefined || this.#taken < this.#limit) return this.#given();
    return new Promise((resolve) => {
      const waiter: Waiter = {
        give: (free) => {
          this.#waiters.delete(waiter);
          timer.cancel();
          resolve(free);
        },
      };
      const timer = this.#clock.after(timeoutMs, () => {
        waiter.give(undefined);
      });
      this.#waiters.add(waiter);
    });
  }

  #given(): FreeSlot {
    this.#taken += 1;
    let isFree = false;
    return () => {
      if (isFree) return;
      isFree = true;
      this.#taken -= 1;
      const [next] = this.#waiters;
      next?.give(this.#given());
    };
  }
}
