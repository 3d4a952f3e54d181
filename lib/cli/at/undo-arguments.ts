import { isXid } from '../../protocol/index.js';
import type { HeldRowFilter } from '../../resource/at/index.js';
import type { CommandArguments } from '../command.interface.js';

/** What picks undo rows, as options. */
export const FILTER_OPTIONS = {
  table: { type: 'string' },
  key: { type: 'string' },
  limit: { type: 'string' },
} as const;

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 10_000;

/** What was typed behind `undo`, checked. */
export interface UndoInput {
  readonly values: CommandArguments['values'];
  readonly limit: number;
}

/** What is wrong with an xid that was typed, if anything is. */
export function xidMistake(xid: unknown): string | undefined {
  if (xid === undefined || (typeof xid === 'string' && isXid(xid))) return undefined;
  return `${JSON.stringify(xid)} is not an xid: 1 to 40 of A-Z, a-z, 0-9, ".", "_" and "-".`;
}

/** How many rows are shown, or what is wrong with the number that was typed. */
export function limitOf(typed: unknown): number | string {
  if (typeof typed !== 'string') return LIMIT_DEFAULT;
  const limit = /^\d{1,5}$/.test(typed) ? Number(typed) : 0;
  if (limit >= 1 && limit <= LIMIT_MAX) return limit;
  return `--limit is a whole number from 1 to ${String(LIMIT_MAX)}.`;
}

export function filterOf(
  values: Readonly<Record<string, unknown>>,
  xid: string | undefined,
): HeldRowFilter {
  const { key, table } = values;
  return {
    ...(xid !== undefined && { xid }),
    ...(typeof table === 'string' && { table }),
    ...(typeof key === 'string' && { key }),
  };
}
