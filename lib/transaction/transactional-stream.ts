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

/** Returns the teardown: unsubscribing before the end rolls back. */
function begunStream<T>(run: StreamRun<T>): () => void {
  const { definition, manager, subscriber } = run;
  let source: Subscription | undefined;
  let transaction: GlobalTransaction | undefined;
  let ending = false;
  const begin = async (): Promise<void> => {
    transaction = await manager.beginDefined(definition);
    // Unsubscribed while the begin was on its way: the teardown had nothing to roll back yet.
    if (subscriber.closed) return rollbackQuietly(transaction);
    source = subscribeInside(run, transaction, () => (ending = true));
  };
  begin().catch((error: unknown) => {
    subscriber.error(error);
  });
  return () => {
    source?.unsubscribe();
    if (transaction !== undefined && !ending) void rollbackQuietly(transaction);
  };
}

function subscribeInside<T>(
  run: StreamRun<T>,
  transaction: GlobalTransaction,
  onEnding: () => void,
): Subscription {
  const { body, definition, subscriber } = run;
  return runInContext(transaction, () =>
    bodyOrError(body).subscribe({
      next: (value) => {
        subscriber.next(value);
      },
      complete: () => {
        onEnding();
        commitOrRollback(transaction).then(
          () => {
            subscriber.complete();
          },
          (error: unknown) => {
            subscriber.error(error);
          },
        );
      },
      error: (thrown: unknown) => {
        onEnding();
        endAfterThrow(transaction, definition, thrown).then(
          () => {
            subscriber.error(thrown);
          },
          (error: unknown) => {
            subscriber.error(error);
          },
        );
      },
    }),
  );
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
