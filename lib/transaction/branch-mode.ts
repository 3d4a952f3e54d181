import { AsyncLocalStorage } from 'node:async_hooks';

import { DTX_BRANCH_MODE_CONTEXT, InvalidOptionError } from '../protocol/index.js';

/**
 * How a local transaction becomes part of a global one.
 *
 * - `AT`: it commits at once; its rows stay locked for other global transactions, and a rollback
 *   restores them.
 * - `XA`: it is prepared in the place of its commit, and the database itself keeps it until the
 *   decision. Nobody sees what it wrote before.
 *
 * @publicApi
 */
export type BranchModeName = 'AT' | 'XA';

// On globalThis, so that two copies of the package in one process see the same.
const slot = globalThis as unknown as Record<symbol, AsyncLocalStorage<BranchModeName> | undefined>;
const storage = (slot[DTX_BRANCH_MODE_CONTEXT] ??= new AsyncLocalStorage<BranchModeName>());

/** The mode that the caller wants for branches that begin; undefined = that of the data source. */
export function currentBranchMode(): BranchModeName | undefined {
  return storage.getStore();
}

/** Runs the body so that branches of it have the mode. Like runInContext it does not await. */
export function runInMode<T>(mode: BranchModeName, body: () => T): T {
  return storage.run(mode, body);
}

const MODES: ReadonlySet<unknown> = new Set<BranchModeName>(['AT', 'XA']);

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function assertBranchMode(mode: unknown, option: string): asserts mode is BranchModeName {
  if (MODES.has(mode)) return;
  throw new InvalidOptionError({ option, value: mode, fix: "Use 'AT' or 'XA'." });
}
