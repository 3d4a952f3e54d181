import { Observable } from 'rxjs';

import { currentTransaction, runInContext } from './context.js';
import { GlobalLock, currentGlobalLock, runUnderLock } from './global-lock.js';
import type { LockDefinition } from './lock-options.js';

/**
 * Runs the body under the global lock. Inside an active global transaction nothing changes: its
 * writes respect the rows of others anyway.
 *
 * @throws TransactionFinishedError the transaction around the caller has ended: the caller has come
 *   late, and would write without it
 */
export async function executeUnderLock<T>(
  definition: LockDefinition,
  body: () => Promise<T> | T,
): Promise<T> {
  const lock = lockFor(definition);
  if (lock === undefined) return await body();
  return runUnderLock(lock, async () => await body());
}

/** The same for a stream, which works when it is subscribed. */
export function streamUnderLock<T>(
  definition: LockDefinition,
  body: () => Observable<T>,
): Observable<T> {
  return new Observable<T>((subscriber) => {
    // What the subscriber does with the values is its own, and not under the lock.
    const outside = { transaction: currentTransaction(), lock: currentGlobalLock() };
    const restored = (work: () => void): void => {
      runInContext(outside.transaction, () => {
        runUnderLock(outside.lock, work);
      });
    };
    const lock = lockFor(definition) ?? outside.lock;
    return runUnderLock(lock, () =>
      body().subscribe({
        next: (value) => {
          restored(() => {
            subscriber.next(value);
          });
        },
        complete: () => {
          restored(() => {
            subscriber.complete();
          });
        },
        error: (thrown: unknown) => {
          restored(() => {
            subscriber.error(thrown);
          });
        },
      }),
    );
  });
}

/** undefined where the global transaction around the caller does more than the lock. */
function lockFor({ lockWaitTimeoutMs, name }: LockDefinition): GlobalLock | undefined {
  const active = currentTransaction();
  active?.assertActive(name);
  if (active !== undefined) return undefined;
  return new GlobalLock(name, lockWaitTimeoutMs ?? currentGlobalLock()?.lockWaitTimeoutMs);
}
