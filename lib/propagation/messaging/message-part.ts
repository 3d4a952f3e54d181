import { Observable, isObservable } from 'rxjs';

import { markFailedPart, runInContext, runLinked } from '../../transaction/index.js';
import type { GlobalTransaction } from '../../transaction/index.js';
import { HUNG_UP, finishPart } from '../finish-part.js';
import { deliveredWithin } from './within.js';

/**
 * What one message does in the global transaction that it belongs to: from the call of its handler
 * until the answer is complete.
 */
export class MessagePart {
  readonly #transaction: GlobalTransaction;
  readonly #what: string;
  readonly #onEnd: () => void;
  #isEnded = false;
  #endsWithResult = true;

  /**
   * @param what the pattern, for messages
   * @param onEnd called once, when it is over
   */
  constructor(transaction: GlobalTransaction, what: string, onEnd: () => void) {
    this.#transaction = transaction;
    this.#what = what;
    this.#onEnd = onEnd;
  }

  readonly enter = <T>(body: () => T): T =>
    runInContext(this.#transaction, () => runLinked(undefined, body));

  /** The answer does not come with the result of the handler: it ends by end() or fail(). */
  outliveResult(): void {
    this.#endsWithResult = false;
  }

  /** Nobody works in it any more. May be repeated. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    finishPart(this.#transaction, `Message ${this.#what}`);
    this.#onEnd();
  }

  /** The sender does not wait for the answer any more. */
  abandon(): void {
    void this.fail(new Error(HUNG_UP));
  }

  /** To be awaited before the sender hears of the failure. */
  async fail(thrown: unknown): Promise<void> {
    if (this.#isEnded) return;
    await markFailedPart(this.#transaction, this.#what, thrown);
    this.end();
  }

  /** Runs the handler; a stream that it returns is a part of it, until its end. */
  async run(args: readonly unknown[], handler: (args: readonly unknown[]) => unknown) {
    const within = args.map((arg) => (isObservable(arg) ? deliveredWithin(arg, this.enter) : arg));
    let result: unknown;
    try {
      result = await this.enter(async () => await handler(within));
    } catch (thrown) {
      await this.fail(thrown);
      throw thrown;
    }
    if (isObservable(result)) return this.#stream(result);
    if (this.#endsWithResult) this.end();
    return result;
  }

  #stream(source: Observable<unknown>): Observable<unknown> {
    return new Observable((subscriber) => {
      const subscription = this.enter(() =>
        source.subscribe({
          next: (value) => {
            subscriber.next(value);
          },
          complete: () => {
            if (this.#endsWithResult) this.end();
            subscriber.complete();
          },
          error: (thrown: unknown) => {
            void this.fail(thrown).then(() => {
              subscriber.error(thrown);
            });
          },
        }),
      );
      return () => {
        subscription.unsubscribe();
        if (this.#endsWithResult) this.end();
      };
    });
  }
}
