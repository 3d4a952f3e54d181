import type { Clock } from '../../protocol/index.js';

/** One of those who wait for a row. */
export interface Place {
  /** Settles when everybody who came before has had their turn, or has given up. */
  readonly turn: Promise<void>;
  /** Whoever comes behind has their turn, once it would have been this one's. */
  leave(): void;
}

/** Those who wait for one row in this process, in the order in which they came. */
export class RowQueue {
  readonly #clock: Clock;
  #length = 0;
  #tail = Promise.resolve();
  #isKnown = false;
  #holderXid: string | undefined;
  #movedAtMs: number;
  #moved: Promise<void> | undefined;
  #tellMoved: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#movedAtMs = clock.monotonicMs();
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Whether something has happened to the row since somebody waits, so that this knows best. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** Who has the row, if anybody has: the next one need not run into it to know. */
  get holderXid(): string | undefined {
    return this.#holderXid;
  }

  /** How long the row has stayed where it is. */
  get idleMs(): number {
    return this.#clock.monotonicMs() - this.#movedAtMs;
  }

  /** Settles when the row goes to somebody else, or to nobody. */
  get moved(): Promise<void> {
    return (this.#moved ??= new Promise((resolve) => {
      this.#tellMoved = resolve;
    }));
  }

  enter(): Place {
    const turn = this.#tail;
    let pass = (): void => undefined;
    this.#tail = new Promise((resolve) => {
      pass = resolve;
    });
    this.#length += 1;
    const leave = (): void => {
      this.#length -= 1;
      void turn.then(pass);
    };
    return { turn, leave };
  }

  /**
   * A local transaction of this process has the row; under the global lock alone it holds nothing.
   */
  passedTo(xid: string | undefined): void {
    this.#move(xid);
  }

  /** Somebody has run into the holder. */
  foundAt(xid: string | undefined): void {
    this.#move(xid);
  }

  #move(xid: string | undefined): void {
    this.#isKnown = true;
    this.#holderXid = xid;
    this.#movedAtMs = this.#clock.monotonicMs();
    this.#tellMoved();
    this.#moved = undefined;
  }
}
