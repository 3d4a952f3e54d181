import type { Session } from '../core/index.js';

/** A commit that is decided and on its way to the disk. */
export class ForetoldCommit {
  readonly session: Session;
  /** Whether it has got there. Never rejects. */
  readonly durable: Promise<boolean>;
  #settle: (isDurable: boolean) => void = () => undefined;

  constructor(session: Session) {
    this.session = session;
    this.durable = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  settle(isDurable: boolean): void {
    this.#settle(isDurable);
  }
}
