import type { Attempt, Start } from './attempt.js';
import { onCredit } from './attempt.js';
import type { LocalWork } from './local-work.js';
import type { LockWaiter, Wanted } from './lock-waiter.js';

/** What a connection does for the first statement of a local transaction. */
export interface FirstSteps<Result> {
  /** Begins the local transaction again, as the application has begun it. */
  begin(): Promise<unknown>;
  /**
   * Runs the statement. A conflict is no error.
   *
   * @param ahead a statement of ours that has to come before it
   */
  attempt(ahead: string | undefined): Promise<Attempt<Result>>;
  rollback(): Promise<unknown>;
  /** Runs a statement of ours in the open local transaction; undefined where it has to wait. */
  foretell(text: string): Promise<void> | undefined;
}

/**
 * The first statement of a local transaction. It can be run again without its caller noticing: only
 * BEGIN came before it. The rollback frees the row locks, so nobody waits for us meanwhile.
 */
export class FirstStatement<Result> {
  readonly #steps: FirstSteps<Result>;
  /** The application's own BEGIN has not been rolled back. */
  #isBegun = true;
  #isBehindBegin = false;

  constructor(steps: FirstSteps<Result>) {
    this.#steps = steps;
  }

  /** Whether it runs, or has failed, behind the BEGIN of the application, who has to end it. */
  get isBehindBegin(): boolean {
    return this.#isBehindBegin;
  }

  /** @throws LockConflictError after the bounded wait; what the steps throw */
  async run(waiter: LockWaiter, work: LocalWork, wanted: Wanted): Promise<Result> {
    // Row locks outlive a statement that has failed in MariaDB: whoever queued with them would
    // keep everybody from the row, and the clean-up of its holder too.
    if (wanted.conflict !== undefined) {
      this.#isBegun = false;
      await this.#steps.rollback();
    }
    return waiter.run(work, wanted, {
      attempt: (start) => this.#attempt(start),
      // Behind a rollback there is no local transaction to say it in.
      foretell: (text) => (this.#isBegun ? this.#steps.foretell(text) : undefined),
    });
  }

  async #attempt({ ahead, credit }: Start): Promise<Attempt<Result>> {
    if (!this.#isBegun) await this.#steps.begin();
    this.#isBehindBegin = this.#isBegun;
    this.#isBegun = false;
    const attempt = await onCredit(credit, () => this.#steps.attempt(ahead));
    this.#isBehindBegin = false;
    if ('conflict' in attempt) await this.#steps.rollback();
    return attempt;
  }
}
