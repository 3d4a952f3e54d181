import 'reflect-metadata';

import { isObservable } from 'rxjs';

import type { MethodDefinition } from '../interceptors/index.js';
import { InvalidOptionError, UnsupportedMethodError } from '../protocol/index.js';
import { amend, annotate } from './annotated-methods.js';
import type { AnyMethod } from './method-stub.js';
import { stubFor } from './method-stub.js';
import { declareSlot } from './runtime-slot.js';

/** One decorator on one method. */
export interface Decoration {
  /** For messages: `@GlobalLock`. */
  readonly decorator: string;
  readonly target: object;
  readonly key: string | symbol;
  readonly descriptor: PropertyDescriptor;
  readonly options: { readonly returns?: 'observable' };
}

/** What one decorator says about its method. */
export type Aspect =
  | Pick<MethodDefinition, 'transaction'>
  | Pick<MethodDefinition, 'lock'>
  | Pick<MethodDefinition, 'mode'>
  | Pick<MethodDefinition, 'tcc'>;

/**
 * Puts the stub in the place of the method. A second decorator finds the stub of the first one and
 * adds what it has to say: the order in which they take effect is the runtime's.
 *
 * @param define makes what the decorator says, from `Class.method`
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 * @throws UnsupportedMethodError (DTX_ERR_CONFIG_METHOD)
 */
export function decorate(decoration: Decoration, define: (method: string) => Aspect): void {
  const { descriptor, key, options, target } = decoration;
  const method = placeOf(target, key);
  const original = assertMethod(decoration, method);
  const isStream = returnsObservable(options.returns, method) || isDeclaredObservable(target, key);
  const aspect = define(method);
  if (amend(target, key, { ...aspect, isObservable: isStream })) return;
  const definition: MethodDefinition = { method, isObservable: isStream, ...aspect };
  declareSlot(target, method);
  annotate(target, key, definition);
  descriptor.value = stubFor(original, definition);
}

/** `Class.method`; a key is missing where a class was decorated. */
function placeOf(target: object, key: string | symbol | undefined): string {
  const className = typeof target === 'function' ? target.name : target.constructor.name;
  return key === undefined ? className : `${className}.${String(key)}`;
}

/** What the compiler has refused already, for those who do without it. */
function assertMethod({ decorator, descriptor, target }: Decoration, method: string): AnyMethod {
  const value = (descriptor as PropertyDescriptor | undefined)?.value as unknown;
  if (typeof value !== 'function') {
    throw new UnsupportedMethodError(
      method,
      `it is not a method. Put ${decorator} on methods only, in a project that is compiled with ` +
        `experimentalDecorators.`,
    );
  }
  if (typeof target === 'function') {
    throw new UnsupportedMethodError(
      method,
      'it is static, and only instances know which application they belong to. Make it an ' +
        'instance method.',
    );
  }
  if (/GeneratorFunction$/.test(value.constructor.name)) {
    throw new UnsupportedMethodError(
      method,
      'it is a generator, whose work would start after the commit. Return a Promise or an ' +
        'Observable.',
    );
  }
  return value as AnyMethod;
}

function returnsObservable(returns: unknown, method: string): boolean {
  if (returns === undefined || returns === 'observable') return returns === 'observable';
  throw new InvalidOptionError({
    option: `returns of ${method}`,
    value: returns,
    fix: `Use 'observable', or leave it out for a method that returns a Promise.`,
  });
}

/** rxjs looks at the form and not at the class: an application may hold a second copy of it. */
function isDeclaredObservable(target: object, key: string | symbol): boolean {
  const type: unknown = Reflect.getMetadata('design:returntype', target, key);
  return typeof type === 'function' && isObservable(type.prototype);
}
