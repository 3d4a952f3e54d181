import type { TransactionManager } from '../transaction/index.js';
import { assertNoStream, assertStream } from './assert-result.js';
import type {
  Invocation,
  MethodDefinition,
  MethodInterceptor,
} from './method-interceptor.interface.js';

/** Runs methods that carry `@GlobalLock` under the global lock. */
export class GlobalLockInterceptor implements MethodInterceptor {
  readonly #manager: TransactionManager;

  constructor(manager: TransactionManager) {
    this.#manager = manager;
  }

  intercept(definition: MethodDefinition, proceed: Invocation): unknown {
    const { lock, method } = definition;
    if (lock === undefined) return proceed();
    return definition.isObservable
      ? this.#manager.executeStreamUnderLock(lock, () => assertStream(method, proceed()))
      : this.#manager.executeUnderLock(lock, () => assertNoStream(method, proceed()));
  }
}
