import { SessionUnreadableError } from '../../protocol/index.js';
import type { SessionKey } from '../core/index.js';
import type { SessionStore } from '../store/index.js';
import type { Standing } from './standing.js';

/** What stands under a key, or why that cannot be told. */
export type Loaded = { readonly session: Standing } | { readonly error: unknown };

/**
 * Reads many sessions at once. One record that a newer version has written keeps none of the others
 * from being read. Never rejects.
 *
 * @returns what became of each key, in their order
 */
export async function loadEach(
  store: SessionStore,
  keys: readonly SessionKey[],
): Promise<readonly Loaded[]> {
  try {
    return (await store.load(keys)).map((session) => ({ session }));
  } catch (error) {
    if (keys.length === 1 || !isUnreadable(error)) return keys.map(() => ({ error }));
  }
  const loaded: Loaded[] = [];
  for (const key of keys) loaded.push(...(await loadEach(store, [key])));
  return loaded;
}

/** Stores wrap what they throw. */
function isUnreadable(error: unknown): boolean {
  if (error instanceof SessionUnreadableError) return true;
  if (typeof error !== 'object' || error === null || !('cause' in error)) return false;
  return error.cause instanceof SessionUnreadableError;
}
