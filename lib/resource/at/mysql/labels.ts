import { createHash } from 'node:crypto';

import { PREFIX } from './agreement.js';
import type { ForeignKey, TableDefinition, UniqueIndex } from './table-definition.js';

/** What fits into a message beside a holder and a key: a server cuts it after 128 characters. */
const LABEL_LENGTH_MAX = 40;

/** Name under which values of a unique index are locked. */
export function uniqueLock(table: string, { name }: UniqueIndex): string {
  return `${table} (${name})`;
}

/** Name under which rows that referred to others are remembered. */
export function referenceLock({ child, name }: ForeignKey): string {
  return `${child} (${name})`;
}

/** Begins the names of triggers that insist on the values of a row that is restored. */
export const INSISTING = 'ru';

export const isInsisting = (trigger: string): boolean =>
  trigger.startsWith(`${PREFIX}${INSISTING}_`);

/** Name of a table or lock in the message of an error. */
export function labelOf(name: string): string {
  if (name.length <= LABEL_LENGTH_MAX && !/[|#]/.test(name)) return name;
  return `#${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/** The names that labels of the tables stand for. */
export function namesByLabel(tables: readonly TableDefinition[]): ReadonlyMap<string, string> {
  const names = tables.flatMap((table) => [
    table.name,
    ...table.uniques.map((index) => uniqueLock(table.name, index)),
    ...table.references.map(referenceLock),
  ]);
  return new Map(names.map((name) => [labelOf(name), name]));
}
