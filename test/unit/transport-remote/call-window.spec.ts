import { CallWindow } from '../../../lib/transport/remote/call-window.js';
import type { OutgoingCall } from '../../../lib/transport/remote/outgoing-call.js';

class Call implements OutgoingCall {
  readonly operation = 'status';
  readonly body = { xid: 'x' };
  isSettled = false;
  sentCount = 0;

  constructor(
    readonly name: string,
    readonly isLongWait = false,
  ) {}

  sent(): void {
    this.sentCount += 1;
  }
  answered(): void {}
  refused(): void {}
  failed(): void {}
  released(): void {}
}

/** A window and what went out through it. */
function windowOf(max: number) {
  const sent: string[] = [];
  const ids: number[] = [];
  const window = new CallWindow(max, (requestId, call) => {
    ids.push(requestId);
    sent.push((call as Call).name);
  });
  const answer = (...requestIds: number[]): void => {
    for (const id of requestIds) window.take(id);
    window.refill();
  };
  const add = (...names: string[]): Call[] =>
    names.map((name) => {
      const call = new Call(name, name.startsWith('wait'));
      window.add(call);
      return call;
    });
  return { window, sent, ids, add, answer };
}

const namesOf = (calls: readonly OutgoingCall[]): string[] =>
  calls.map((call) => (call as Call).name);

describe('The window of a connection', () => {
  it('has at most as many calls under way as the node accepts, and keeps their order', () => {
    const { add, answer, sent, window } = windowOf(2);
    add('a', 'b', 'c', 'd', 'e');
    expect(sent).toEqual(['a', 'b']);

    answer(1);
    expect(sent).toEqual(['a', 'b', 'c']);

    answer(2, 3);
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(window.sentCount).toBe(2);
  });

  it.each([0, -1, 1])('of %s lets one through at a time', (max) => {
    const { add, answer, sent } = windowOf(max);
    add('a', 'b');
    expect(sent).toEqual(['a']);

    answer(1);
    expect(sent).toEqual(['a', 'b']);
  });

  it('gives half of it to long waits, and others pass those that wait', () => {
    const { add, answer, sent } = windowOf(4);
    add('wait1', 'wait2', 'wait3', 'wait4', 'a', 'b', 'c');
    expect(sent).toEqual(['wait1', 'wait2', 'a', 'b']);

    answer(3);
    expect(sent.slice(4)).toEqual(['c']);

    answer(5, 1);
    expect(sent.slice(5)).toEqual(['wait3']);
  });

  it('gives a long wait one place at least', () => {
    const { add, answer, sent } = windowOf(1);
    add('wait1', 'wait2');
    answer(1);

    expect(sent).toEqual(['wait1', 'wait2']);
  });

  it('lets nothing overtake a long wait that has room', () => {
    const { add, answer, sent } = windowOf(2);
    add('a', 'b', 'wait1', 'c');
    answer(1, 2);

    expect(sent).toEqual(['a', 'b', 'wait1', 'c']);
  });

  it('lets nothing overtake what waits while answers are being taken', () => {
    const { add, sent, window } = windowOf(1);
    add('a', 'b');
    window.take(1);
    add('c');
    window.refill();

    expect(sent).toEqual(['a', 'b']);
  });

  it('sends what is about the connection before all that waits, within the bound', () => {
    const { add, answer, sent, window } = windowOf(1);
    add('a', 'b');
    window.addControl(new Call('attach'));
    expect(sent).toEqual(['a']);

    answer(1);
    answer(2);
    expect(sent).toEqual(['a', 'attach', 'b']);
  });

  it('does not send what nobody waits for any more', () => {
    const { add, answer, sent } = windowOf(1);
    const [, b] = add('a', 'b', 'c');
    b!.isSettled = true;

    answer(1);

    expect(sent).toEqual(['a', 'c']);
    expect(b!.sentCount).toBe(0);
  });

  it('takes a call once, and knows no others', () => {
    const { add, window } = windowOf(1);
    const [a] = add('a');

    expect([window.take(2), window.take(1), window.take(1)]).toEqual([undefined, a, undefined]);
  });

  it('hands back what was sent and what was not, in order', () => {
    const { add, window } = windowOf(2);
    add('a', 'wait1', 'wait2', 'b', 'wait3', 'c');
    window.addControl(new Call('attach'));

    expect(namesOf(window.takeWaiting())).toEqual(['attach', 'wait2', 'b', 'wait3', 'c']);
    expect(namesOf(window.takeSent())).toEqual(['a', 'wait1']);
    expect(window.sentCount).toBe(0);
    expect([window.takeWaiting(), window.takeSent()]).toEqual([[], []]);
  });
});
