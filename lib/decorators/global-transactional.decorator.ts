import 'reflect-metadata';

import { isObservable } from 'rxjs';
import type { Observable } from 'rxjs';

import type { MethodDefinition } from '../interceptors/index.js';
import { InvalidOptionError, UnsupportedMethodError } from '../protocol/index.js';
import type { TransactionOptions } from '../transaction/index.js';
import { defineTransaction } from '../transaction/index.js';
import { annotate } from './annotated-methods.js';
import type { AnyMethod } from './method-stub.js';
import { stubFor } from './method-stub.js';
import { declareSlot } from './runtime-slot.js';

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
    const method = placeOf(target, key);
    const original = assertMethod(target, method, descriptor);
    const definition: MethodDefinition = Object.freeze({
      method,
      isObservable: returnsObservable(options, method) || isDeclaredObservable(target, key),
      transaction: defineTransaction(options, method),
    });
    declareSlot(target, method);
    annotate(target, key, definition);
    descriptor.value = stubFor(original, definition) as unknown as T;
  };
}

/** `Class.method`; a key is missing where a class was decorated. */
function placeOf(target: object, key: string | symbol | undefined): string {
  const className = typeof target === 'function' ? target.name : target.constructor.name;
  return key === undefined ? className : `${className}.${String(key)}`;
}

/** What the compiler has refused already, for those who do without it. */
function assertMethod(target: object, method: string, descriptor: unknown): AnyMethod {
  const value = (descriptor as PropertyDescriptor | undefined)?.value as unknown;
  if (typeof value !== 'function') {
    throw new UnsupportedMethodError(
      method,
      'it is not a method. Put @GlobalTransactional on methods only, in a project that is ' +
        'compiled with experimentalDecorators.',
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

function returnsObservable(options: GlobalTransactionalOptions, method: string): boolean {
  const returns: unknown = options.returns;
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
