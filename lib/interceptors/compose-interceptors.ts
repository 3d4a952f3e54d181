import type { MethodInterceptor } from './method-interceptor.interface.js';

/**
 * One interceptor that runs all of them, the first one outermost. The order is fixed here and not
 * by the order of the decorators: a transaction has to be around everything that joins it.
 *
 * @param interceptors at least one; a chain of one costs nothing
 */
export function composeInterceptors(
  interceptors: readonly [MethodInterceptor, ...MethodInterceptor[]],
): MethodInterceptor {
  return interceptors.reduceRight((inner, outer) => ({
    intercept: (definition, proceed, args) =>
      outer.intercept(definition, () => inner.intercept(definition, proceed, args), args),
  }));
}
