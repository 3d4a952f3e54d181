import { Observable } from 'rxjs';
import type { Subscriber, Subscription } from 'rxjs';

import { currentTransaction, runInContext } from './context.js';
import type { GlobalTransaction } from './global-transaction.js';
import type { TransactionManager } from './transaction-manager.js';
import type { TransactionDefinition } from './transaction-options.js';
import {
  commitOrRollback,
  endAfterThrow,
  markFailed,
  mayRunAgain,
  rollbackQuietly,
  stepFor,
} from './transactional-template.js';

/**
 * The template for a stream. Nothing happens before it is subscribed. The end of the source is
 * passed on only after the transaction has ended, so that who sees `complete` sees a commit.
 */
export function streamInTransaction<T>(
  manager: TransactionManager,
  definition: TransactionDefinition,
  body: () => Observable<T>,
): Observable<T> {
  return new Observable<T>((subscriber) => {
    const active = currentTransaction();
    const step = stepFor(definition, active);
    if (step === 'begin') return begunStream({ manager, definition, body, subscriber });
    const context = step === 'join' ? active : undefined;
    return runInContext(context, () =>
      body().subscribe({
        next: (value) => {
          subscriber.next(value);
        },
        complete: () => {
          subscriber.complete();
        },
        error: (thrown: unknown) => {
          const marked = context && markFailed(context, definition, thrown);
          void Promise.resolve(marked).then(() => {
            subscriber.error(thrown);
          });
        },
      }),
    );
  });
}

interface StreamRun<T> {
  readonly manager: TransactionManager;
  readonly definition: TransactionDefinition;
  readonly body: () => Observable<T>;
  readonly subscriber: Subscriber<T>;
}

/**
 * Begins, and again after a lock conflict, as long as nobody has seen a value. Returns the
 * teardown: unsubscribing before the end rolls back.
 */
function begunStream<T>(run: StreamRun<T>): () => void {
  const { definition, manager, subscriber } = run;
  const retries = manager.lockConflictRetriesOf(definition);
  let attempt: StreamAttempt<T> | undefined;
  const isGone = (): boolean => subscriber.closed;
  const begin = async (): Promise<void> => {
    for (let failures = 1; ; failures += 1) {
      const transaction = await manager.beginDefined(definition);
      // Unsubscribed while the begin was on its way: the teardown had nothing to roll back yet.
      if (isGone()) return rollbackQuietly(transaction);
      attempt = new StreamAttempt(run, transaction);
      try {
        await attempt.run();
        subscriber.complete();
        return;
      } catch (thrown) {
        if (attempt.hasEmitted || failures > retries) throw thrown;
        if (!mayRunAgain({ transaction }, thrown)) throw thrown;
      }
      await manager.pauseAfterConflict(failures, definition.name);
      if (isGone()) return;
    }
  };
  begin().catch((error: unknown) => {
    subscriber.error(error);
  });
  return () => {
    attempt?.unsubscribed();
  };
}

/** One subscription of the source, in one transaction. */
class StreamAttempt<T> {
  readonly #run: StreamRun<T>;
  readonly #transaction: GlobalTransaction;
  #source: Subscription | undefined;
  #ending = false;
  #hasEmitted = false;

  constructor(run: StreamRun<T>, transaction: GlobalTransaction) {
    this.#run = run;
    this.#transaction = transaction;
  }

  get hasEmitted(): boolean {
    return this.#hasEmitted;
  }

  /** Resolves when it is committed, rejects when it is not; neither after it was unsubscribed. */
  run(): Promise<void> {
    const { body, definition, subscriber } = this.#run;
    const transaction = this.#transaction;
    return new Promise((resolve, reject) => {
      this.#source = runInContext(transaction, () =>
        bodyOrError(body).subscribe({
          next: (value) => {
            this.#hasEmitted = true;
            subscriber.next(value);
          },
          complete: () => {
            this.#ending = true;
            commitOrRollback(transaction).then(resolve, reject);
          },
          error: (thrown: unknown) => {
            this.#ending = true;
            endAfterThrow(transaction, definition, thrown).then(() => {
              // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as is
              reject(thrown);
            }, reject);
          },
        }),
      );
      // A source that emits at once may have been unsubscribed before it could be held.
      if (subscriber.closed) this.#source.unsubscribe();
    });
  }

  unsubscribed(): void {
    this.#source?.unsubscribe();
    if (!this.#ending) void rollbackQuietly(this.#transaction);
  }
}

/** A body that throws before it returns its stream is a stream that fails. */
function bodyOrError<T>(body: () => Observable<T>): Observable<T> {
  try {
    return body();
  } catch (thrown) {
    return new Observable<T>((subscriber) => {
      subscriber.error(thrown);
    });
  }
}
