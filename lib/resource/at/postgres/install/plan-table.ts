import { createHash } from 'node:crypto';

import { identifier, literal } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { shapeOf } from '../table-definition.js';
import { SHARED_FUNCTIONS } from './database-objects.js';
import type { WantedTrigger } from './wanted-triggers.js';
import { wantedTriggers } from './wanted-triggers.js';

/** Our functions that exist, with their comments. */
export type ExistingFunctions = ReadonlyMap<string, string>;

/** What has to be done to a table so that it has what it should have. */
export interface TablePlan {
  readonly functionStatements: readonly string[];
  /** These lock the table. */
  readonly triggerStatements: readonly string[];
}

/** Compares what a table should have with what it has. */
export function planTable(
  table: TableDefinition,
  functions: ExistingFunctions,
  isGuarded = false,
): TablePlan {
  const wanted = wantedTriggers(table, isGuarded);
  const ours = wanted.flatMap(({ function: name, functionSql }) =>
    functionSql === undefined ? [] : replaceFunction(name, functionSql, functions),
  );
  const names = new Set(wanted.map(({ name }) => name));
  const stale = table.triggers.filter(
    ({ name, function: fn }) => !names.has(name) && isOurTrigger(name) && fn.startsWith('dtx.'),
  );
  // Triggers that a partition has from its root are the root's to drop.
  const dropped = table.isPartition ? [] : stale.map(({ name }) => dropTrigger(table, name));
  return {
    functionStatements: ours.length > 0 ? [...ours, rememberShape(table)] : [],
    triggerStatements: [...dropped, ...wanted.flatMap((trigger) => mendTrigger(table, trigger))],
  };
}

/** Whether nothing is left to do. */
export function isCurrent(plan: TablePlan): boolean {
  return plan.functionStatements.length + plan.triggerStatements.length === 0;
}

/** Statements for the functions that all tables share. */
export function planSharedFunctions(functions: ExistingFunctions): readonly string[] {
  return SHARED_FUNCTIONS.flatMap(({ name, sql }) => replaceFunction(name, sql, functions));
}

function replaceFunction(
  name: string,
  sql: string,
  existing: ExistingFunctions,
): readonly string[] {
  const mark = `nestjs-dtx ${createHash('sha256').update(sql).digest('hex').slice(0, 16)}`;
  if (existing.get(name) === mark) return [];
  const comment = `COMMENT ON FUNCTION ${name} IS ${literal(mark)}`;
  // Whoever may execute a capture function can put it on a table of their own, and forge undo rows.
  const isShared = SHARED_FUNCTIONS.some((shared) => shared.name === name);
  return isShared ? [sql, comment] : [sql, `REVOKE ALL ON FUNCTION ${name} FROM PUBLIC`, comment];
}

function rememberShape(table: TableDefinition): string {
  const columns = table.columns.map((column) => literal(`${column.name} ${column.type}`));
  return (
    `INSERT INTO dtx.table_shape (shape, tbl, columns) VALUES (${shapeOf(table)}, ` +
    `${literal(table.name)}, ARRAY[${columns.join(', ')}]::text[]) ON CONFLICT DO NOTHING`
  );
}

function mendTrigger(table: TableDefinition, wanted: WantedTrigger): readonly string[] {
  const found = table.triggers.find(({ name }) => name === wanted.name);
  if (found === undefined) return [wanted.sql];
  if (found.function !== wanted.function || found.type !== wanted.type) {
    return [dropTrigger(table, wanted.name), wanted.sql];
  }
  if ('OA'.includes(found.enabled)) return [];
  return [`ALTER TABLE ${table.name} ENABLE TRIGGER ${identifier(wanted.name)}`];
}

const dropTrigger = (table: TableDefinition, name: string): string =>
  `DROP TRIGGER ${identifier(name)} ON ${table.name}`;

const isOurTrigger = (name: string): boolean => /^[!~]dtx_/.test(name);
