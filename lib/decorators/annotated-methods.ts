import 'reflect-metadata';

import type { MethodDefinition } from '../interceptors/index.js';
import { DTX_GLOBAL_TRANSACTIONAL } from '../protocol/index.js';

/** What the prototype chain of one class says about its methods. */
export interface AnnotatedMethods {
  /** The annotated methods that a call on an instance reaches. */
  readonly definitions: readonly MethodDefinition[];
  /** Annotated methods that a subclass has replaced by a method without the decorator. */
  readonly overridden: readonly OverriddenMethod[];
}

export interface OverriddenMethod {
  /** `Subclass.method`. */
  readonly method: string;
  readonly definition: MethodDefinition;
}

/**
 * Kept on the prototype and not on the function: a decorator above ours may put a function of its
 * own in the place of our stub.
 */
export function annotate(prototype: object, key: string | symbol, definition: MethodDefinition) {
  Reflect.defineMetadata(DTX_GLOBAL_TRANSACTIONAL, definition, prototype, key);
}

/**
 * Adds what a further decorator says to the definition that the stub of the first one works by.
 *
 * @returns false where there is no such definition, or it says so already: then it is a stub more
 */
export function amend(
  prototype: object,
  key: string | symbol,
  { isObservable, ...aspect }: Omit<MethodDefinition, 'method'>,
): boolean {
  const definition = ownDefinition(prototype, key);
  if (definition === undefined) return false;
  if (Object.keys(aspect).some((name) => name in definition)) return false;
  Object.assign(definition, aspect, { isObservable: definition.isObservable || isObservable });
  return true;
}

/** Reads what `annotate` has written for the class and its parents. */
export function annotatedMethodsOf(prototype: object): AnnotatedMethods {
  const definitions = new Map<string | symbol, MethodDefinition>();
  const overridden: OverriddenMethod[] = [];
  for (const level of levelsOf(prototype)) {
    for (const key of Reflect.ownKeys(level)) {
      const own = ownDefinition(level, key);
      const inherited = definitions.get(key);
      if (own !== undefined) {
        definitions.set(key, own);
      } else if (inherited !== undefined) {
        definitions.delete(key);
        const method = `${level.constructor.name}.${String(key)}`;
        overridden.push({ method, definition: inherited });
      }
    }
  }
  return { definitions: [...definitions.values()], overridden };
}

/** The prototypes from the base class down to the class itself. */
function levelsOf(prototype: object): readonly object[] {
  const levels: object[] = [];
  let level: object | null = prototype;
  while (level !== null && level !== Object.prototype) {
    levels.unshift(level);
    level = Object.getPrototypeOf(level) as object | null;
  }
  return levels;
}

function ownDefinition(level: object, key: string | symbol): MethodDefinition | undefined {
  return Reflect.getOwnMetadata(DTX_GLOBAL_TRANSACTIONAL, level, key) as
    MethodDefinition | undefined;
}
