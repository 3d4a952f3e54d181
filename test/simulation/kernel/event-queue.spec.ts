import { EventQueue } from './event-queue.js';
import { Rng } from './rng.js';
import { Trace } from './trace.js';

const newQueue = (seed = 1): EventQueue => new EventQueue(new Rng(seed), new Trace());

describe('The event queue', () => {
  it('runs what is due first, first', async () => {
    const queue = newQueue();
    const ran: number[] = [];
    for (const delayMs of [30, 10, 50, 20, 40]) {
      queue.after(delayMs, 'event', () => ran.push(queue.nowMs));
    }

    await queue.runUntil(100);

    expect(ran).toEqual([10, 20, 30, 40, 50]);
  });

  it('leaves the order of one instant to the seed', async () => {
    const orderOf = async (seed: number): Promise<string> => {
      const queue = newQueue(seed);
      let order = '';
      for (const name of 'abcdef') queue.after(5, name, () => (order += name));
      await queue.runUntil(10);
      return order;
    };

    const orders = await Promise.all([1, 1, 2, 3].map(orderOf));

    expect(orders[0]).toBe(orders[1]);
    expect(new Set(orders).size).toBe(3);
  });

  it('has done all promise jobs of an event before the next one', async () => {
    const queue = newQueue();
    const seen: string[] = [];
    queue.after(1, 'first', () => {
      void (async () => {
        for (let round = 0; round < 20; round += 1) await Promise.resolve();
        seen.push('jobs of the first');
      })();
    });
    queue.after(1.001, 'second', () => seen.push('second'));

    await queue.runUntil(10);

    expect(seen).toEqual(['jobs of the first', 'second']);
  });

  it('leaves out what was cancelled, and what is too late', async () => {
    const queue = newQueue();
    const ran: string[] = [];
    queue.after(1, 'cancelled', () => ran.push('cancelled')).cancel();
    queue.after(11, 'late', () => ran.push('late'));

    await queue.runUntil(10);

    expect({ ran, nowMs: queue.nowMs }).toEqual({ ran: [], nowMs: 10 });
  });

  it('runs what an event adds to its own instant', async () => {
    const queue = newQueue();
    const ran: string[] = [];
    queue.after(5, 'one', () => {
      queue.after(0, 'two', () => ran.push(`two at ${queue.nowMs}`));
    });

    await queue.runUntil(10);

    expect(ran).toEqual(['two at 5']);
  });
});
