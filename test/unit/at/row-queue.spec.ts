import type { Place } from '../../../lib/resource/at/row-queue.js';
import { RowQueue } from '../../../lib/resource/at/row-queue.js';
import { systemClock } from '../../../lib/system/index.js';

describe('Those who wait for a row', () => {
  let queue: RowQueue;
  let ready: string[];

  beforeEach(() => {
    queue = new RowQueue(systemClock);
    ready = [];
  });

  const enter = (name: string): Place => queue.enter(() => ready.push(name));
  const enterAll = (count: number): Place[] =>
    Array.from({ length: count }, (_, index) => enter(String(index + 1)));

  it('get ready as they come while nobody is before them', () => {
    enter('first');
    expect(ready).toEqual(['first']);
  });

  it('do not get ready while others are before them', () => {
    enterAll(4);
    expect(ready).toEqual(['1']);
  });

  it('get ready together when the next one is not', () => {
    const [first] = enterAll(4);
    first?.begin();
    expect(ready).toEqual(['1', '2', '3', '4']);
  });

  it('get ready once', () => {
    const [first, second] = enterAll(4);
    first?.begin();
    first?.leave();
    second?.begin();
    expect(ready).toEqual(['1', '2', '3', '4']);
  });

  it('come later to those who are ready, and wait for the next time', () => {
    const [first, second, third] = enterAll(3);
    first?.begin();
    enter('4');
    first?.leave();
    second?.begin();
    const readyBefore = [...ready];
    second?.leave();
    third?.begin();
    expect([readyBefore, ready]).toEqual([
      ['1', '2', '3'],
      ['1', '2', '3', '4'],
    ]);
  });

  it('are ready before their turn however many there are', () => {
    enterAll(17);
    expect(ready).toHaveLength(17);
  });

  it('do not get ready once they have given up', () => {
    const [first, second] = enterAll(3);
    second?.leave();
    first?.leave();
    enter('4').begin();
    expect(ready).toEqual(['1', '3', '4']);
  });

  it.each([
    ['behind what the one before sends in that moment', true, ['sent', 'turn']],
    ['at once when the one before has given up', false, ['turn', 'sent']],
  ])('have their turn %s', async (_when, hasBegun, expected) => {
    const [first, second] = enterAll(2);
    const order: string[] = [];
    const turn = second?.turn.then(() => order.push('turn'));
    const sending = (async () => {
      // As many promises as are between a statement and the COMMIT behind it, and then some.
      for (let hop = 0; hop < 50; hop += 1) await Promise.resolve();
      order.push('sent');
    })();

    if (hasBegun) first?.begin();
    first?.leave();
    await Promise.all([turn, sending]);

    expect(order).toEqual(expected);
  });
});
