import type { TccContext } from '../resource/tcc/index.js';
import { defineTcc } from '../transaction/index.js';
import { decorate } from './decorate.js';
import { paramsOf } from './tx-param.decorator.js';

/**
 * How a TCC action works.
 *
 * @publicApi
 */
export interface TccActionOptions<Confirm extends string, Cancel extends string> {
  /**
   * Stable name of the action, 1 to 128 of `A-Z a-z 0-9 . _ / -`; unique in its application. It
   * stands in the coordinator's records.
   */
  readonly name: string;
  /** Method of the same class that makes final what the try has reserved. */
  readonly confirm: Confirm;
  /** Method of the same class that gives it back. */
  readonly cancel: Cancel;
  /**
   * Resource id, or name within the application, of the data source whose local transactions are
   * fenced. @default the one that there is
   */
  readonly dataSource?: string;
  /**
   * false: the methods themselves stand repetition, a cancel without a try, and a try behind its
   * cancel. @default fenced wherever there is a wrapped data source
   */
  readonly fence?: false;
}

/** A try: a method that returns a Promise. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what all arguments fit
type TryMethod = (...args: any[]) => Promise<unknown>;

/** What confirm and cancel have to be. */
type PhaseTwoMethod = (context: TccContext<never>) => Promise<void> | void;

/**
 * Makes a method the try of a TCC action (try, confirm, cancel). Called in a global transaction, it
 * becomes a branch of it: it reserves, and phase two calls `confirm` or `cancel`, with what
 * `@TxParam` has picked. They are retried until they return; a commit waits for the confirms.
 *
 * Where the application has a wrapped data source, a fence row goes along in the one local
 * transaction of each method. So each of them has an effect at most once; a cancel without a try
 * has none, and a try behind its cancel fails with FencedError. Writes elsewhere are not fenced: in
 * a try they are branches of their own, in confirm and cancel they have to stand repetition.
 *
 * @throws InvalidOptionError when the class is loaded
 * @throws TccOutsideTransactionError (DTX_ERR_RM_TCC_OUTSIDE) at the call
 * @throws TccSecondLocalTransactionError (DTX_ERR_RM_TCC_SECOND) in a method
 * @throws TccContextError (DTX_ERR_RM_TCC_CONTEXT) at the call
 *
 * @example
 * ```ts
 * import { Injectable } from '@nestjs/common';
 * import { TccAction, TxParam } from 'nestjs-dtx';
 * import type { TccContext } from 'nestjs-dtx';
 * import { DataSource } from 'typeorm';
 *
 * interface Freeze {
 *   accountId: string;
 *   amount: number;
 * }
 *
 * @Injectable()
 * export class AccountService {
 *   constructor(private readonly dataSource: DataSource) {}
 *
 *   @TccAction({ name: 'account.freeze', confirm: 'take', cancel: 'free' })
 *   async freeze(
 *     @TxParam<Freeze>('accountId') accountId: string,
 *     @TxParam<Freeze>('amount') amount: number,
 *   ): Promise<void> {
 *     await this.dataSource.query(
 *       'UPDATE account SET frozen = frozen + $2 WHERE id = $1 AND balance - frozen >= $2',
 *       [accountId, amount],
 *     );
 *   }
 *
 *   async take({ params }: TccContext<Freeze>): Promise<void> {
 *     await this.dataSource.query(
 *       'UPDATE account SET frozen = frozen - $2, balance = balance - $2 WHERE id = $1',
 *       [params.accountId, params.amount],
 *     );
 *   }
 *
 *   async free({ params }: TccContext<Freeze>): Promise<void> {
 *     await this.dataSource.query('UPDATE account SET frozen = frozen - $2 WHERE id = $1', [
 *       params.accountId,
 *       params.amount,
 *     ]);
 *   }
 * }
 * ```
 *
 * @see Seata `@TwoPhaseBusinessAction`
 * @publicApi
 */
export function TccAction<Confirm extends string, Cancel extends string>(
  options: TccActionOptions<Confirm, Cancel>,
) {
  return <T extends TryMethod>(
    target: Record<Confirm | Cancel, PhaseTwoMethod>,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<T>,
  ): void => {
    decorate({ decorator: '@TccAction', target, key, descriptor, options: {} }, (method) => ({
      tcc: defineTcc({ ...options, params: paramsOf(target, key) }, method, (name) =>
        hasMethod(target, name),
      ),
    }));
  };
}

/** What every object has is none of the class, though it can be called. */
function hasMethod(target: object, name: string): boolean {
  if (name in Object.prototype) return false;
  return typeof (target as Readonly<Record<string, unknown>>)[name] === 'function';
}
