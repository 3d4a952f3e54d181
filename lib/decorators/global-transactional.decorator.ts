import type { Observable } from 'rxjs';

import type { TransactionOptions } from '../transaction/index.js';
import { defineTransaction } from '../transaction/index.js';
import { decorate } from './decorate.js';

/**
 * How an annotated method runs: everything that TransactionManager.run() takes, and what the
 * compiler may have forgotten about the method.
 *
 * @publicApi
 */
export interface GlobalTransactionalOptions extends TransactionOptions {
  /**
   * Says that the method returns an Observable, where its declared type does not: compiled without
   * `emitDecoratorMetadata`, or declared as a type of your own. @default from the declared type
   */
  readonly returns?: 'observable';
}

/**
 * The methods that a transaction can be put around: those whose end can be waited for.
 *
 * @publicApi
 */
export type TransactionalMethod = (...args: never[]) => Promise<unknown> | Observable<unknown>;

/**
 * Runs a method in a global transaction: it commits when the method's Promise fulfils, and rolls
 * back in all services when it rejects. A method that returns an Observable begins when it is
 * subscribed, commits on complete, and rolls back on an error and on unsubscribe.
 *
 * For methods of providers, controllers and message handlers, and not for classes. It is in force
 * for every call, also of `this.method()` from within the class, which differs from Spring's
 * proxies. Inside an active transaction the method joins it (Propagation.REQUIRED); if it then
 * throws, the transaction can no longer commit, even where the caller catches the error.
 *
 * The application needs `DtxModule.forRoot(…)`, and does not start without it. On an object that
 * is built with `new`, as in a unit test, the decorator does nothing.
 *
 * @throws InvalidOptionError, NestedNotSupportedError when the class is loaded
 * @throws UnsupportedMethodError when the class is loaded: a static method, an async generator
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { GlobalTransactional } from 'nestjs-dtx';
 *
 * @Injectable()
 * export class OrderService {
 *   @GlobalTransactional({ name: 'place-order', timeoutMs: 30_000 })
 *   async place(sku: string): Promise<void> {
 *     await fetch(`http://stock/deduct/${sku}`, { method: 'POST' });
 *   }
 * }
 * ```
 *
 * @see Seata `@GlobalTransactional`
 * @publicApi
 */
export function GlobalTransactional(options: GlobalTransactionalOptions = {}) {
  return <T extends TransactionalMethod>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    decorate({ decorator: '@GlobalTransactional', target, key, descriptor, options }, (method) => ({
      transaction: defineTransaction(options, method),
    }));
  };
}
