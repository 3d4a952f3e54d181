import type { LockOptions } from '../transaction/index.js';
import { defineLock } from '../transaction/index.js';
import { decorate } from './decorate.js';
import type { TransactionalMethod } from './global-transactional.decorator.js';

/**
 * How an annotated method runs: everything that TransactionManager.underLock() takes, and what the
 * compiler may have forgotten about the method.
 *
 * @publicApi
 */
export interface GlobalLockOptions extends LockOptions {
  /**
   * Says that the method returns an Observable, where its declared type does not: compiled without
   * `emitDecoratorMetadata`, or declared as a type of your own. @default from the declared type
   */
  readonly returns?: 'observable';
}

/**
 * Runs a method without a global transaction, but with respect for those of others: its writes and
 * its locking reads (`SELECT … FOR UPDATE`) wait until the row's holder has ended, or fail with
 * LockConflictError. So it neither overwrites nor sees what may still be rolled back. Cheaper than
 * a global transaction: nothing is recorded, and the coordinator is asked only about a holder.
 *
 * Inside an active global transaction it changes nothing. Together with `@GlobalTransactional` the
 * transaction is outermost, whichever stands first: then the lock matters where the propagation
 * lets the method run without a transaction.
 *
 * For the same methods as `@GlobalTransactional`, and in force for the same calls. On an object
 * that is built with `new`, as in a unit test, the decorator does nothing.
 *
 * @throws InvalidOptionError when the class is loaded
 * @throws UnsupportedMethodError when the class is loaded: a static method, an async generator
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { GlobalLock } from 'nestjs-dtx';
 * import { DataSource } from 'typeorm';
 *
 * @Injectable()
 * export class AccountService {
 *   constructor(private readonly dataSource: DataSource) {}
 *
 *   @GlobalLock({ lockWaitTimeoutMs: 5_000 })
 *   async freeze(id: number): Promise<void> {
 *     await this.dataSource.query('UPDATE account SET frozen = true WHERE id = $1', [id]);
 *   }
 * }
 * ```
 *
 * @see Seata `@GlobalLock`
 * @publicApi
 */
export function GlobalLock(options: GlobalLockOptions = {}) {
  return <T extends TransactionalMethod>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    decorate({ decorator: '@GlobalLock', target, key, descriptor, options }, (method) => ({
      lock: defineLock(options, method),
    }));
  };
}
