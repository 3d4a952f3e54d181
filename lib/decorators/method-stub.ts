import 'reflect-metadata';

import type { MethodDefinition } from '../interceptors/index.js';
import { DTX_SLOT } from '../protocol/index.js';
import type { Slotted } from './runtime-slot.js';

/** A method before and after it was wrapped. */
export type AnyMethod = (this: unknown, ...args: unknown[]) => unknown;

/**
 * The function that stands on the prototype in place of an annotated method. It looks up the
 * runtime at each call, so it does not matter who took hold of the method, and when.
 *
 * An object that no container has built (`new OrderService(…)` in a unit test) has none: there the
 * method is what it was without the decorator.
 */
export function stubFor(original: AnyMethod, definition: MethodDefinition): AnyMethod {
  function stub(this: unknown, ...args: unknown[]): unknown {
    const runtime = (this as Slotted | undefined)?.[DTX_SLOT];
    if (runtime === undefined) return original.apply(this, args);
    return runtime.run(definition, () => original.apply(this, args), args);
  }
  return dressAs(original, stub);
}

/**
 * Decorators below ours have written on the original, and those above will write on the stub: with
 * what the former wrote copied over, `@Get()` or `@Cron()` may stand on either side.
 */
function dressAs(original: AnyMethod, stub: AnyMethod): AnyMethod {
  Object.defineProperty(stub, 'name', { value: original.name, configurable: true });
  Object.defineProperty(stub, 'length', { value: original.length, configurable: true });
  for (const key of Reflect.getMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, original), stub);
  }
  return stub;
}
