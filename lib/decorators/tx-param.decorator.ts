import 'reflect-metadata';

import { DTX_TCC_PARAMS } from '../protocol/index.js';
import type { TccParam } from '../transaction/index.js';
import { assertParamName } from '../transaction/index.js';

/**
 * Picks a parameter of a try, or something in it, for the context of confirm and cancel. Give the
 * type of the context's `params`, and a name that is not in it does not compile.
 *
 * @param name under which it stands in `context.params`
 * @param path into the parameter, own properties only: `order.id` is `parameter.order.id`
 *
 * @throws InvalidOptionError when the class is loaded
 *
 * @example
 * ```ts
 * import { TccAction, TxParam } from 'nestjs-dtx';
 * import type { TccContext } from 'nestjs-dtx';
 *
 * interface Freeze {
 *   accountId: string;
 *   amount: number;
 * }
 *
 * export class AccountService {
 *   @TccAction({ name: 'account.freeze', confirm: 'take', cancel: 'free' })
 *   async freeze(
 *     @TxParam<Freeze>('accountId', 'id') account: { id: string },
 *     @TxParam<Freeze>('amount') amount: number,
 *   ): Promise<void> {}
 *
 *   async take(context: TccContext<Freeze>): Promise<void> {}
 *   async free(context: TccContext<Freeze>): Promise<void> {}
 * }
 * ```
 *
 * @see Seata `@BusinessActionContextParameter`
 * @publicApi
 */
export function TxParam<P extends object = Record<string, unknown>>(
  name: keyof P & string,
  path?: string,
): ParameterDecorator {
  return (target, key, index) => {
    const method = `${target.constructor.name}.${String(key)}`;
    assertParamName(name, method);
    if (key === undefined) return;
    const param = { index, name, ...(path !== undefined && { path }) };
    Reflect.defineMetadata(DTX_TCC_PARAMS, [param, ...paramsOf(target, key)], target, key);
  };
}

/** What `@TxParam` has said about the method. */
export function paramsOf(target: object, key: string | symbol): readonly TccParam[] {
  return (Reflect.getOwnMetadata(DTX_TCC_PARAMS, target, key) ?? []) as readonly TccParam[];
}
