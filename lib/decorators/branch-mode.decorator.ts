import type { BranchModeName } from '../transaction/index.js';
import { assertBranchMode } from '../transaction/index.js';
import { decorate } from './decorate.js';
import type { TransactionalMethod } from './global-transactional.decorator.js';

/**
 * Says, for what a method does inside a global transaction, how its local transactions become part
 * of it: `AT` or `XA`. It goes before the option `mode` of the data sources. It begins no
 * transaction by itself: put it on a method that is called in one, or beside
 * `@GlobalTransactional`, whichever stands first.
 *
 * For the same methods as `@GlobalTransactional`, and in force for the same calls.
 *
 * @throws InvalidOptionError when the class is loaded
 * @throws UnsupportedMethodError when the class is loaded: a static method, an async generator
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { BranchMode, GlobalTransactional } from 'nestjs-dtx';
 * import { DataSource } from 'typeorm';
 *
 * @Injectable()
 * export class LedgerService {
 *   constructor(private readonly dataSource: DataSource) {}
 *
 *   @GlobalTransactional()
 *   @BranchMode('XA')
 *   async close(year: number): Promise<void> {
 *     await this.dataSource.query('UPDATE ledger SET closed = true WHERE year = $1', [year]);
 *   }
 * }
 * ```
 *
 * @publicApi
 */
export function BranchMode(
  mode: BranchModeName,
  options: {
    /** As that of `@GlobalTransactional`. @default from the declared type */
    readonly returns?: 'observable';
  } = {},
) {
  return <T extends TransactionalMethod>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    decorate({ decorator: '@BranchMode', target, key, descriptor, options }, (method) => {
      assertBranchMode(mode, `@BranchMode of ${method}`);
      return { mode };
    });
  };
}
