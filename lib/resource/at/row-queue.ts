import type { Clock } from '../../protocol/index.js';

/** One of those who wait for a row. */
export interface Place {
  /** Settles when everybody who came before has had their turn, or has given up. */
  readonly turn: Promise<void>;
  /** Its turn has come. */
  begin(): void;
  /** Whoever comes behind has their turn, once it would have been this one's. */
  leave(): void;
}

/** So many get ready together at the most, so that nobody is unready for long. */
const READY_TOGETHER_MAX = 16;

/** One who has not got ready yet, by the number of its place. */
interface Unready {
  readonly number: number;
  readonly getReady: () => void;
}

/** Those who wait for one row in this process, in the order in which they came. */
export class RowQueue {
  readonly #clock: Clock;
  #length = 0;
  #enteredCount = 0;
  /** The number of the place whose turn it was last. */
  #turnNumber = 0;
  /** In the order in which they came. */
  #unready: Unready[] = [];
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

  /**
   * @param getReady called once, mostly before the turn comes, for many of the queue at the same
   * moment: what each of them has to have written by then shares one write. A write for each would
   * hold up every turn.
   */
  enter(getReady: () => void): Place {
    const turn = this.#tail;
    this.#enteredCount += 1;
    const number = this.#enteredCount;
    let pass = (): void => undefined;
    this.#tail = new Promise((resolve) => {
      pass = resolve;
    });
    this.#length += 1;
    const leave = (): void => {
      this.#length -= 1;
      // Who has given up must not do for nothing what the others do.
      this.#unready = this.#unready.filter((unready) => unready.number !== number);
      // Behind what this one sends now: its COMMIT, which the next one has to wait for.
      void turn.then(() => {
        if (hasBegun) this.#clock.soon(pass);
        else pass();
      });
    };
    let hasBegun = false;
    const begin = (): void => {
      hasBegun = true;
      this.#turnNumber = number;
      this.#readyBy(number + 1);
    };
    this.#unready.push({ number, getReady });
    this.#readyBy(this.#turnNumber + 1);
    return { turn, begin, leave };
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

  /** The place of that number is the next one: if it is not ready, all get ready. */
  #readyBy(number: number): void {
    const [first] = this.#unready;
    const isEarly = first === undefined || first.number > number;
    if (isEarly && this.#unready.length < READY_TOGETHER_MAX) return;
    for (const { getReady } of this.#unready.splice(0)) getReady();
  }

  #move(xid: string | undefined): void {
    this.#isKnown = true;
    this.#holderXid = xid;
    this.#movedAtMs = this.#clock.monotonicMs();
    this.#tellMoved();
    this.#moved = undefined;
  }
}
