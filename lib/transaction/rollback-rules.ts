import { codeOf } from '../protocol/index.js';

/** A class of errors; its subclasses match too, the further away the weaker. */
export type ErrorClass = abstract new (...args: never[]) => unknown;

/**
 * Picks thrown values: a class (with its subclasses), an error code, or a predicate.
 *
 * @publicApi
 */
export type RollbackRule = ErrorClass | string | ((thrown: unknown) => boolean);

/** The rules of one annotated method. */
export interface RollbackRules {
  readonly rollbackFor: readonly RollbackRule[];
  readonly noRollbackFor: readonly RollbackRule[];
}

/**
 * Whether the thrown value rolls the transaction back. Everything does, unless `noRollbackFor`
 * matches it more closely than `rollbackFor`; at the same distance rollback wins.
 *
 * Seata commits when none of its rules matches. That turns an error nobody thought of into half a
 * booking, so here the silence of the rules means rollback.
 */
export function rollsBack(rules: RollbackRules, thrown: unknown): boolean {
  if (rules.noRollbackFor.length === 0) return true;
  const toCommit = closest(rules.noRollbackFor, thrown);
  return toCommit === Infinity || closest(rules.rollbackFor, thrown) <= toCommit;
}

function closest(rules: readonly RollbackRule[], thrown: unknown): number {
  return Math.min(Infinity, ...rules.map((rule) => distance(rule, thrown)));
}

/** 0 = exactly this, 1 = its parent class, …; Infinity = no match. */
function distance(rule: RollbackRule, thrown: unknown): number {
  if (typeof rule === 'string') return codeOf(thrown) === rule ? 0 : Infinity;
  if (isClass(rule)) return classDistance(rule, thrown);
  return rule(thrown) ? 0 : Infinity;
}

function classDistance(type: ErrorClass, thrown: unknown): number {
  if (typeof thrown !== 'object' || thrown === null) return Infinity;
  let steps = 0;
  let prototype: unknown = Object.getPrototypeOf(thrown);
  while (prototype !== null) {
    if (prototype === type.prototype) return steps;
    prototype = Object.getPrototypeOf(prototype);
    steps += 1;
  }
  // Another copy or realm of the class: its own Symbol.hasInstance may still know it. It stands
  // behind every class that was found in the chain.
  return thrown instanceof type ? steps : Infinity;
}

/**
 * A class and a predicate are both functions. Arrow functions and methods have no prototype; a
 * class says so in its source, and one compiled to ES5 inherits from something called Error.
 */
function isClass(rule: ErrorClass | ((thrown: unknown) => boolean)): rule is ErrorClass {
  const prototype: unknown = rule.prototype;
  if (typeof prototype !== 'object' || prototype === null) return false;
  if (Function.prototype.toString.call(rule).startsWith('class')) return true;
  return inheritsFromError(prototype);
}

function inheritsFromError(prototype: object): boolean {
  let type: object | null = prototype;
  while (type !== null) {
    if (Object.hasOwn(type, 'name') && Object.hasOwn(type, 'message')) return true;
    type = Object.getPrototypeOf(type) as object | null;
  }
  return false;
}
