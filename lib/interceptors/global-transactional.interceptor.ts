import type { TransactionManager } from '../transaction/index.js';
import { assertNoStream, assertStream } from './assert-result.js';
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
    if (transaction === undefined) return proceed();
    return definition.isObservable
      ? this.#manager.executeStream(transaction, () => assertStream(method, proceed()))
      : this.#manager.execute(transaction, () => assertNoStream(method, proceed()));
  }
}
