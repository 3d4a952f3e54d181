import { isObservable } from 'rxjs';
import type { Observable } from 'rxjs';

import { ObservableNotDeclaredError, UnsupportedMethodError } from '../protocol/index.js';

/**
 * A stream starts its work when somebody subscribes, which would be after the commit. Thrown here,
 * inside the transaction, the error rolls back what the method has done so far.
 *
 * @throws ObservableNotDeclaredError, UnsupportedMethodError
 */
export function assertNoStream(method: string, result: unknown): unknown {
  // The way of nearly every call: the checks below cost more than the rest of a join.
  if (result instanceof Promise) return result;
  if (isObservable(result)) throw new ObservableNotDeclaredError(method);
  if (isAsyncIterator(result)) {
    throw new UnsupportedMethodError(
      method,
      'it returned an async iterator, whose work would start after the commit. Return a Promise, ' +
        'or an Observable. The transaction was rolled back.',
    );
  }
  return result;
}

/** @throws UnsupportedMethodError (DTX_ERR_CONFIG_METHOD) */
export function assertStream(method: string, result: unknown): Observable<unknown> {
  if (isObservable(result)) return result;
  throw new UnsupportedMethodError(
    method,
    'it is declared to return an Observable, and returned something else. Return an Observable, ' +
      "or drop returns: 'observable'. The transaction was rolled back.",
  );
}

function isAsyncIterator(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
