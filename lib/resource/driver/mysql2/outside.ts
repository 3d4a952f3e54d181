import { AsyncResource } from 'node:async_hooks';

import { runInContext } from '../../../transaction/index.js';

/**
 * mysql2 keeps the context of whoever has opened a connection, and gives a connection that was
 * waited for in the context of whoever has given it back. Either may be a global transaction, and
 * the one who is called then somebody else.
 */
const nobody = runInContext(undefined, () => new AsyncResource('DtxOutside'));

/**
 * Calls back in the context of now. `AsyncResource.bind()` does so too, and gives each function
 * that it makes a property with a warning, which costs more than all the rest of it.
 */
export function inside<Values extends readonly unknown[]>(
  callback: (...values: Values) => void,
): (...values: Values) => void {
  const now = new AsyncResource('DtxInside');
  return (...values) => {
    now.runInAsyncScope(callback, undefined, ...values);
  };
}

/** Runs the body with no global transaction and no global lock around it. */
export function outside<T>(body: () => T): T {
  return nobody.runInAsyncScope(body);
}
