import { isObservable } from 'rxjs';
import type { Observable } from 'rxjs';

import { ObservableNotDeclaredError, UnsupportedMethodError } from '../protocol/index.js';
import type { TransactionManager } from '../transaction/index.js';
import type {
  Invocation,
  MethodDefinition,
  MethodInterceptor,
} from './method-interceptor.interface.js';

/** Runs methods that carry `@GlobalTransactional` through the TransactionalTemplate. */
export class GlobalTransactionalInterceptor implements MethodInterceptor {
  readonly #manager: TransactionManager;

  constructor(manager: TransactionManager) {
    this.#manager = manager;
  }

  intercept(definition: MethodDefinition, proceed: Invocation): unknown {
    const { method, transaction } = definition;
    return definition.isObservable
      ? this.#manager.executeStream(transaction, () => assertStream(method, proceed()))
      : this.#manager.execute(transaction, () => assertNoStream(method, proceed()));
  }
}

/**
 * A stream starts its work when somebody subscribes, which would be after the commit. Thrown here,
 * inside the transaction, the error rolls back what the method has done so far.
 */
function assertNoStream(method: string, result: unknown): unknown {
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

function assertStream(method: string, result: unknown): Observable<unknown> {
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
