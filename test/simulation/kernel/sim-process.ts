import type { Clock, Timer } from '../../../lib/protocol/index.js';
import type { CrashPlan } from './crash-plan.js';
import type { EventQueue } from './event-queue.js';
import type { Trace } from './trace.js';

/** What all processes of a run share. */
export interface Surroundings {
  readonly queue: EventQueue;
  readonly trace: Trace;
  /** May be exchanged while the run goes on. */
  crashes: CrashPlan;
}

/** Answers one request that has come over the network. */
export type Serve = (method: string, payload: unknown) => Promise<unknown>;

/** Virtual time 0 on the wall clocks. */
export const BEGINNING_MS = 1_700_000_000_000;

/** What a program gets to stop by itself. */
const GRACE_MS = 3_000;

/** So long takes a start until the first line of the program runs. */
const START_MS = 5;

/**
 * A process that can be killed between any two port calls, and started again with nothing in
 * memory. What is to outlast it lives outside: in a store, or in the fields of its actor that stand
 * for a database.
 */
export class SimProcess {
  readonly name: string;
  /** What this machine's wall clock is off. Monotonic time is right everywhere. */
  skewMs = 0;
  readonly #around: Surroundings;
  readonly #boot: (life: Life) => Promise<void>;
  #life: Life | undefined;
  #lifeCount = 0;
  #portCallCount = 0;
  #crashCount = 0;
  #frozenUntilMs = 0;

  constructor(name: string, around: Surroundings, boot: (life: Life) => Promise<void>) {
    this.name = name;
    this.#around = around;
    this.#boot = boot;
  }

  get life(): Life | undefined {
    return this.#life;
  }

  get portCallCount(): number {
    return this.#portCallCount;
  }

  get crashCount(): number {
    return this.#crashCount;
  }

  /** Starts the program after the delay, unless somebody has started it meanwhile. */
  start(delayMs = 0): void {
    const count = this.#lifeCount;
    this.#around.queue.after(delayMs + START_MS, `${this.name} start`, () => {
      if (this.#life !== undefined || this.#lifeCount !== count) return;
      this.#lifeCount += 1;
      const life = new Life(this, this.#lifeCount, this.#around);
      this.#life = life;
      void this.#run(life);
    });
  }

  /** Ends the program where it stands, and starts it again when it has been down long enough. */
  crash(downMs: number = this.#around.crashes.downMs()): void {
    if (this.#life === undefined) return;
    this.#crashCount += 1;
    this.#end('CRASH', downMs);
  }

  /** Lets the program stop by itself, and kills it if that takes longer than it may. */
  async stop(downMs: number): Promise<void> {
    const life = this.#life;
    if (life?.stop === undefined) return;
    life.serve = undefined;
    this.#around.queue.after(GRACE_MS, `${this.name} grace`, () => {
      if (this.#life === life) this.crash(downMs);
    });
    await life.stop();
    if (this.#life === life) this.#end('STOP', downMs);
  }

  /** Stops the program where it stands, and lets it go on later as if nothing had happened. */
  freeze(forMs: number): void {
    this.#around.trace.add(`${this.name} FROZEN for ${forMs.toFixed(0)} ms`);
    this.#frozenUntilMs = Math.max(this.#frozenUntilMs, this.#around.queue.nowMs + forMs);
  }

  /** How long nothing gets into the program yet. */
  get frozenForMs(): number {
    return Math.max(0, this.#frozenUntilMs - this.#around.queue.nowMs);
  }

  /** One call leaves the process; it is the last one if the plan says so. */
  leave(send: () => void): void {
    this.#portCallCount += 1;
    const moment = this.#around.crashes.momentAt(this.name, this.#portCallCount);
    if (moment !== 'before') send();
    if (moment !== undefined) this.crash();
  }

  #end(how: 'CRASH' | 'STOP', downMs: number): void {
    this.#around.trace.add(`${this.name} ${how}, down ${downMs.toFixed(0)} ms`);
    this.#life = undefined;
    this.#frozenUntilMs = 0;
    this.start(downMs);
  }

  /** A program that cannot start, or that fails, ends its process. */
  async #run(life: Life): Promise<void> {
    try {
      await this.#boot(life);
    } catch (error) {
      if (!life.isAlive) return;
      this.#around.trace.add(`${this.name} FAILED ${String(error)}`);
      this.crash();
    }
  }
}

/**
 * One life of a process, from its start to its crash. Everything that its program does to the world
 * goes through here, and nothing leaves a dead one: its calls are never answered, and the async
 * functions that wait for them are collected where they stand.
 */
export class Life {
  readonly process: SimProcess;
  readonly clock: Clock;
  /** Set by the program when it is ready; until then requests find nobody. */
  serve: Serve | undefined;
  /** Set by a program that can be asked to stop: resolves when it has written everything down. */
  stop: (() => Promise<void>) | undefined;
  /** Set by a program: how much it holds in memory of what is not its own. */
  heldCount: (() => number) | undefined;
  readonly #number: number;
  readonly #queue: EventQueue;
  #timerCount = 0;

  constructor(process: SimProcess, number: number, { queue }: Surroundings) {
    this.process = process;
    this.#number = number;
    this.#queue = queue;
    this.clock = {
      now: () => Math.floor(BEGINNING_MS + queue.nowMs + process.skewMs),
      monotonicMs: () => queue.nowMs,
      after: (delayMs, callback) => this.#after(delayMs, 'timer', callback),
      soon: (callback) => {
        this.#after(0, 'soon', callback);
      },
    };
  }

  get isAlive(): boolean {
    return this.process.life === this;
  }

  get name(): string {
    return `${this.process.name}#${String(this.#number)}`;
  }

  /** Timers that have neither fired nor been cancelled. */
  get timerCount(): number {
    return this.#timerCount;
  }

  /** Something reaches the program: at once, when it is no longer frozen, or never. */
  enter(happen: () => void): void {
    if (!this.isAlive) return;
    const { frozenForMs } = this.process;
    if (frozenForMs === 0) {
      happen();
      return;
    }
    this.#queue.after(frozenForMs, `${this.name} thaws`, () => {
      this.enter(happen);
    });
  }

  /** A call to the world: counted, and perhaps the last one. A dead life reaches nobody. */
  leave(send: () => void): void {
    if (this.isAlive) this.process.leave(send);
  }

  /**
   * A call that is answered later: `perform` sends it and calls back with the answer, which a life
   * that has ended meanwhile never gets.
   */
  ask<T>(perform: (settle: (answer: () => T | Promise<T>) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (answer: () => T | Promise<T>): void => {
        this.enter(() => {
          Promise.resolve().then(answer).then(resolve, reject);
        });
      };
      this.leave(() => {
        perform(settle);
      });
    });
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#after(delayMs, 'sleep', resolve);
    });
  }

  #after(delayMs: number, what: string, callback: () => void): Timer {
    if (!this.isAlive) return { cancel: () => undefined };
    this.#timerCount += 1;
    let isOpen = true;
    const close = (): void => {
      if (isOpen) this.#timerCount -= 1;
      isOpen = false;
    };
    const timer = this.#queue.after(delayMs, `${this.name} ${what}`, () => {
      this.enter(() => {
        if (!isOpen) return;
        close();
        callback();
      });
    });
    return {
      cancel: () => {
        close();
        timer.cancel();
      },
    };
  }
}
