import { ConnectionWaitError } from '../../../protocol/index.js';
import type { Clock } from '../../../protocol/index.js';

/** Who holds the connection: a query runner, or work of our own. */
export type Holder = object;

interface Waiter {
  readonly holder: Holder;
  readonly untilMs: number;
  readonly go: () => void;
  readonly giveUp: () => void;
}

interface ConnectionTurnsOptions {
  readonly clock: Clock;
  /** For messages. */
  readonly resourceId: () => string;
  readonly timeoutMs: number;
}

/**
 * Turns at the one connection of a data source, in the order of arrival. Whoever opens a local
 * transaction keeps it until the end: without that, the statements of others would fall into it,
 * and be rolled back with it.
 */
export class ConnectionTurns {
  readonly #options: ConnectionTurnsOptions;
  readonly #waiting: Waiter[] = [];
  #holder: Holder | undefined;
  /** How often the holder has taken it: its own statements may lead to further ones. */
  #depth = 0;
  #isTimed = false;

  constructor(options: ConnectionTurnsOptions) {
    this.#options = options;
  }

  get holder(): Holder | undefined {
    return this.#holder;
  }

  /** Takes it if that needs no waiting. Also for whoever has it already. */
  tryTake(holder: Holder): boolean {
    if (this.#holder !== undefined && this.#holder !== holder) return false;
    this.#holder = holder;
    this.#depth += 1;
    return true;
  }

  /** @throws ConnectionWaitError (DTX_ERR_RM_CONNECTION_WAIT) */
  take(holder: Holder): Promise<void> {
    // Not an async function: everybody waits here, and each layer costs them promises.
    if (this.tryTake(holder)) return TAKEN;
    const { clock, resourceId, timeoutMs } = this.#options;
    return new Promise<void>((resolve, reject) => {
      this.#waiting.push({
        holder,
        untilMs: clock.monotonicMs() + timeoutMs,
        go: resolve,
        giveUp: () => {
          reject(new ConnectionWaitError(resourceId(), timeoutMs));
        },
      });
      this.#watch(timeoutMs);
    });
  }

  /** One timer for all who wait, the longest-waiting of whom is the first. */
  #watch(delayMs: number): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    const { clock } = this.#options;
    clock.after(delayMs, () => {
      this.#isTimed = false;
      const nowMs = clock.monotonicMs();
      while ((this.#waiting[0]?.untilMs ?? Infinity) <= nowMs) this.#waiting.shift()?.giveUp();
      const [next] = this.#waiting;
      if (next !== undefined) this.#watch(Math.max(1, next.untilMs - nowMs));
    });
  }

  /**
   * A statement is done.
   *
   * @param keeps whether it has opened a transaction, or is part of one
   */
  give(holder: Holder, keeps = false): void {
    if (this.#holder !== holder) return;
    this.#depth -= 1;
    if (this.#depth <= 0 && !keeps) this.#pass();
  }

  /** Gives it back whatever was taken: the local transaction is over. */
  end(holder: Holder): void {
    if (this.#holder === holder) this.#pass();
  }

  #pass(): void {
    const first = this.#waiting.shift();
    this.#holder = first?.holder;
    this.#depth = first === undefined ? 0 : 1;
    if (first === undefined) return;
    first.go();
    // All of one holder go together: a transaction may begin with the first of its statements.
    if (this.#waiting.some(({ holder }) => holder === first.holder)) this.#passOn(first.holder);
  }

  #passOn(next: Holder): void {
    const going = this.#waiting.filter(({ holder }) => holder === next);
    for (const waiter of going) this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
    this.#depth += going.length;
    for (const { go } of going) go();
  }
}

const TAKEN = Promise.resolve();
