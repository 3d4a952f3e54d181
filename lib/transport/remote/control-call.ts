import type { WireRefusal, WireResource } from '../../protocol/wire/index.js';
import { fromWireRefusal } from '../../protocol/wire/index.js';
import type { OutgoingCall } from './outgoing-call.js';
import { NODE_CLOSED } from './outgoing-call.js';

interface ControlCallDeps {
  readonly operation: 'attach' | 'detach';
  readonly body: WireResource;
  readonly onDone: () => void;
  readonly onRefused: (error: unknown) => void;
  /** The connection is gone, and what was to be said about it too. */
  readonly onLost: () => void;
}

/** Says something about one connection; it is worth nothing at another one. */
export class ControlCall implements OutgoingCall {
  readonly operation: 'attach' | 'detach';
  readonly body: WireResource;
  readonly isLongWait = false;
  isSettled = false;
  readonly #deps: ControlCallDeps;

  constructor(deps: ControlCallDeps) {
    this.operation = deps.operation;
    this.body = deps.body;
    this.#deps = deps;
  }

  sent(): void {
    // It does not matter: what a lost connection has heard is forgotten with it.
  }

  answered(): void {
    this.#settle(this.#deps.onDone);
  }

  refused(refusal: WireRefusal): void {
    if (refusal.code === NODE_CLOSED) this.released();
    else this.failed(fromWireRefusal(refusal));
  }

  failed(error: unknown): void {
    this.#settle(() => {
      this.#deps.onRefused(error);
    });
  }

  released(): void {
    this.#settle(this.#deps.onLost);
  }

  #settle(then: () => void): void {
    if (this.isSettled) return;
    this.isSettled = true;
    then();
  }
}
