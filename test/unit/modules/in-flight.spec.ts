import { InFlight } from '../../../lib/modules/in-flight.js';
import type { Clock, Timer } from '../../../lib/protocol/index.js';

/** A clock whose timers fire when the test says so. */
class ManualClock implements Clock {
  #callbacks = new Set<() => void>();

  now = (): number => 0;
  monotonicMs = (): number => 0;
  soon = (callback: () => void): void => {
    this.after(0, callback);
  };

  after(_delayMs: number, callback: () => void): Timer {
    this.#callbacks.add(callback);
    return { cancel: () => this.#callbacks.delete(callback) };
  }

  get timerCount(): number {
    return this.#callbacks.size;
  }

  fire(): void {
    for (const callback of this.#callbacks) callback();
    this.#callbacks.clear();
  }
}

describe('work that a shutdown waits for', () => {
  it('is not waited for when there is none', async () => {
    const clock = new ManualClock();

    await expect(new InFlight(clock).idle(1000)).resolves.toBe(0);
    expect(clock.timerCount).toBe(0);
  });

  it('is waited for until the last of it has ended', async () => {
    const clock = new ManualClock();
    const inFlight = new InFlight(clock);
    const [leaveFirst, leaveSecond] = [inFlight.enter(), inFlight.enter()];
    const seen: string[] = [];

    const idle = inFlight.idle(1000).then((count) => seen.push(`idle ${String(count)}`));
    leaveFirst();
    await Promise.resolve();
    seen.push('first has ended');
    leaveSecond();
    await idle;

    expect(seen).toEqual(['first has ended', 'idle 0']);
    expect(clock.timerCount).toBe(0);
  });

  it('is given up when the time is up, with how much of it is left', async () => {
    const clock = new ManualClock();
    const inFlight = new InFlight(clock);
    inFlight.enter();
    inFlight.enter();

    const idle = inFlight.idle(1000);
    clock.fire();

    await expect(idle).resolves.toBe(2);
  });

  it('ends once, however often it says so', async () => {
    const inFlight = new InFlight(new ManualClock());
    const leave = inFlight.enter();
    inFlight.enter()();
    leave();
    leave();

    await expect(inFlight.idle(1000)).resolves.toBe(0);
  });
});
