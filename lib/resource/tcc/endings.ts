import type { BranchOutcome } from '../../protocol/index.js';
import { messageOf } from '../../protocol/index.js';
import type { TccContext } from './tcc-context.js';
import { TCC_FENCE } from './tcc-fences.interface.js';

/** The two ways in which phase two ends a try. */
export type Ending = 'confirm' | 'cancel';

export const DONE: BranchOutcome = { kind: 'done' };

/** What an ending finds that has been before it: nothing to do, or nothing that it could. */
export const FOUND: Readonly<Record<Ending, Readonly<Record<number, BranchOutcome>>>> = {
  confirm: {
    [TCC_FENCE.confirmed]: DONE,
    [TCC_FENCE.cancelled]: { kind: 'cannot', error: 'it was cancelled before it was confirmed' },
    [TCC_FENCE.tombstone]: { kind: 'cannot', error: 'its cancel came before its try' },
  },
  cancel: {
    [TCC_FENCE.cancelled]: DONE,
    [TCC_FENCE.tombstone]: DONE,
    [TCC_FENCE.confirmed]: { kind: 'cannot', error: 'it was confirmed before it was cancelled' },
  },
};

/** What is not as it was given does not mend itself, and nobody should wait a day to hear of it. */
export function readOrCannot<T extends object>(
  read: () => T,
): { readonly value: T } | { readonly cannot: BranchOutcome } {
  try {
    return { value: read() };
  } catch (error) {
    return { cannot: { kind: 'cannot', error: messageOf(error) } };
  }
}

/** An object of another class may stand in for the one whose class was looked at. */
export function methodOf(
  object: object,
  name: string,
  kind: string,
): (context: TccContext) => unknown {
  const method = (object as Readonly<Record<string, unknown>>)[name];
  if (typeof method === 'function') return (context) => method.call(object, context) as unknown;
  throw new TypeError(`${kind}: its object has no method ${name}`);
}
