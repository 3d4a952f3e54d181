import { Fifo } from './fifo.js';
import { LONG_WAIT_SHARE } from './limits.js';
import type { OutgoingCall } from './outgoing-call.js';
import { requestIdAfter } from './request-id.js';

interface Waiting {
  /** Of those that had to wait. */
  readonly place: number;
  readonly call: OutgoingCall;
}

/**
 * The calls of one connection: those that the node has not answered, at most as many as it accepts,
 * and those that wait for their turn, in the order in which they came; only long waits let others
 * pass.
 */
export class CallWindow {
  readonly #max: number;
  readonly #longWaitsMax: number;
  readonly #transmit: (requestId: number, call: OutgoingCall) => void;
  readonly #sent = new Map<number, OutgoingCall>();
  /** Messages about the connection itself, which go first. */
  readonly #controls = new Fifo<OutgoingCall>();
  readonly #calls = new Fifo<Waiting>();
  readonly #longWaits = new Fifo<Waiting>();
  #addedCount = 0;
  #longWaitsSent = 0;
  #lastId = 0;

  constructor(max: number, transmit: (requestId: number, call: OutgoingCall) => void) {
    this.#max = Math.max(1, max);
    this.#longWaitsMax = Math.max(1, Math.floor(this.#max * LONG_WAIT_SHARE));
    this.#transmit = transmit;
  }

  /** Calls that the node has not answered, those included that nobody waits for any more. */
  get sentCount(): number {
    return this.#sent.size;
  }

  add(call: OutgoingCall): void {
    const queue = call.isLongWait ? this.#longWaits : this.#calls;
    const hasRoom = this.#sent.size < this.#max && !call.isLongWait;
    // What waits has its turn first.
    if (hasRoom && queue.length === 0) {
      this.#send(call);
      return;
    }
    this.#addedCount += 1;
    queue.push({ place: this.#addedCount, call });
    this.#fill();
  }

  addControl(call: OutgoingCall): void {
    this.#controls.push(call);
    this.#fill();
  }

  /** The call of that number, which is answered now. */
  take(requestId: number): OutgoingCall | undefined {
    const call = this.#sent.get(requestId);
    if (call === undefined) return undefined;
    this.#sent.delete(requestId);
    if (call.isLongWait) this.#longWaitsSent -= 1;
    return call;
  }

  /** Sends what has got room. After answers have been taken. */
  refill(): void {
    if (this.#sent.size < this.#max) this.#fill();
  }

  /** What was not sent, in order; it is gone from here. */
  takeWaiting(): readonly OutgoingCall[] {
    const waiting = [...this.#calls.takeAll(), ...this.#longWaits.takeAll()];
    waiting.sort((a, b) => a.place - b.place);
    return [...this.#controls.takeAll(), ...waiting.map(({ call }) => call)];
  }

  /** What was sent and not answered, in order; it is gone from here. */
  takeSent(): readonly OutgoingCall[] {
    const calls = [...this.#sent.values()];
    this.#sent.clear();
    return calls;
  }

  #fill(): void {
    while (this.#sent.size < this.#max) {
      const call = this.#next();
      if (call === undefined) return;
      if (!call.isSettled) this.#send(call);
    }
  }

  #next(): OutgoingCall | undefined {
    if (this.#controls.length > 0) return this.#controls.shift();
    const hasRoom = this.#longWaitsSent < this.#longWaitsMax;
    const longWaitAt = (hasRoom ? this.#longWaits.peek()?.place : undefined) ?? Infinity;
    const callAt = this.#calls.peek()?.place ?? Infinity;
    return (longWaitAt < callAt ? this.#longWaits : this.#calls).shift()?.call;
  }

  #send(call: OutgoingCall): void {
    const requestId = requestIdAfter(this.#lastId, (id) => this.#sent.has(id));
    this.#lastId = requestId;
    this.#sent.set(requestId, call);
    if (call.isLongWait) this.#longWaitsSent += 1;
    call.sent();
    this.#transmit(requestId, call);
  }
}
