import { BRANCH_DATA_LENGTH_MAX, TccContextError } from '../../protocol/index.js';

/** What can be kept for confirm and cancel, and comes back as it was. @publicApi */
export type TccValue =
  string | number | boolean | null | readonly TccValue[] | { readonly [name: string]: TccValue };

const DEPTH_MAX = 32;

/** Names through which JSON of somebody else would reach the prototype of objects. */
const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** @throws TccContextError (DTX_ERR_RM_TCC_CONTEXT) */
export function encodeValues(action: string, values: Readonly<Record<string, unknown>>): string {
  for (const [name, value] of Object.entries(values)) assertValue(action, name, value, 0);
  assertName(action, Object.keys(values));
  const text = JSON.stringify(values);
  if (Buffer.byteLength(text) <= BRANCH_DATA_LENGTH_MAX) return text;
  throw new TccContextError(
    action,
    `its values take more than ${String(BRANCH_DATA_LENGTH_MAX)} bytes. Keep ids, and what they ` +
      `stand for in the database.`,
  );
}

/** @throws TccContextError (DTX_ERR_RM_TCC_CONTEXT) */
export function decodeValues(
  action: string,
  text: string | undefined,
): Readonly<Record<string, TccValue>> {
  if (text === undefined) return {};
  let values: unknown;
  try {
    values = text.length <= BRANCH_DATA_LENGTH_MAX * 2 ? JSON.parse(text) : undefined;
  } catch (cause) {
    throw new TccContextError(action, 'what was kept is no JSON', { cause });
  }
  if (!isPlainObject(values)) throw new TccContextError(action, 'what was kept is no object');
  assertValue(action, 'its values', values, 0);
  return values as Readonly<Record<string, TccValue>>;
}

export function assertValue(action: string, name: string, value: unknown, depth: number): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) return;
  if (depth >= DEPTH_MAX) {
    throw new TccContextError(action, `${name} is nested deeper than ${String(DEPTH_MAX)} levels`);
  }
  if (Array.isArray(value)) {
    for (const item of value) assertValue(action, name, item, depth + 1);
    return;
  }
  if (!isPlainObject(value)) {
    throw new TccContextError(
      action,
      `${name} is ${kindOf(value)}, which JSON does not bring back as it was. Use strings, finite ` +
        `numbers, booleans, null, arrays and plain objects; a date as toISOString().`,
    );
  }
  assertName(action, Object.keys(value));
  for (const item of Object.values(value)) assertValue(action, name, item, depth + 1);
}

function assertName(action: string, names: readonly string[]): void {
  const forbidden = names.find((name) => FORBIDDEN_NAMES.has(name));
  if (forbidden === undefined) return;
  throw new TccContextError(action, `${forbidden} cannot be the name of a value`);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const kindOf = (value: unknown): string =>
  typeof value === 'object'
    ? `an instance of ${value?.constructor.name ?? 'a class'}`
    : typeof value;
