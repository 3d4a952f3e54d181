import { createHash } from 'node:crypto';

import type { TableStatus } from '../../at-engine.interface.js';
import type { CaptureScope, WantedTrigger } from '../capture/wanted-triggers.js';
import { uncapturable, wantedTriggers } from '../capture/wanted-triggers.js';
import { INSISTING_MODE, TRIGGER_MODE } from '../agreement.js';
import { isInsisting } from '../labels.js';
import { refusalReason } from '../reasons.js';
import { identifier, literal } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { shapeOf, storedColumns } from '../table-definition.js';

/** What a server can do, and what there is. */
export interface PlanScope extends CaptureScope {
  /** MariaDB replaces a trigger at once; MySQL has to be kept from writing meanwhile. */
  readonly isMariadb: boolean;
  /** Hash of the triggers that a table of the shape was given last. */
  readonly recorded: ReadonlyMap<string, string>;
  /** Whether the role sees triggers: without TRIGGER on their tables it does not. */
  readonly seesTriggers: boolean;
}

/** What has to be done to a table, and how it stands. */
export interface TablePlan {
  readonly statements: readonly string[];
  readonly status: TableStatus;
}

/** Compares what a table should have with what it has. */
export function planTable(table: TableDefinition, scope: PlanScope): TablePlan {
  const wanted = wantedTriggers(table, scope);
  const shape = shapeOf(table);
  const hash = hashOf(wanted);
  const isRecorded = scope.recorded.get(shape) === hash;
  const isCurrent = isRecorded && (!scope.seesTriggers || stands(table, wanted));
  const statements = isCurrent
    ? []
    : [...triggerStatements(table, wanted, scope.isMariadb), remember(table, shape, hash)];
  return { statements, status: statusOf(table, isCurrent) };
}

/** Statements that take our triggers off the table. */
export function dropTriggers({ triggers }: TableDefinition): readonly string[] {
  return triggers.map(({ name }) => `DROP TRIGGER IF EXISTS ${identifier(name)}`);
}

function stands({ triggers }: TableDefinition, wanted: readonly WantedTrigger[]): boolean {
  return (
    triggers.length === wanted.length &&
    wanted.every(({ hash, name }) =>
      triggers.some((found) => found.name === name && found.hash === hash),
    )
  );
}

function statusOf(table: TableDefinition, isCurrent: boolean): TableStatus {
  const reason = uncapturable(table);
  const isThere = table.triggers.length > 0;
  if (!isCurrent) return { table: table.name, state: isThere ? 'stale' : 'missing' };
  if (reason === undefined) return { table: table.name, state: 'captured' };
  return { table: table.name, state: 'refused', note: refusalReason(reason, table.name) };
}

/** Without those that depend on other triggers, which not every role can see. */
function hashOf(wanted: readonly WantedTrigger[]): string {
  const capturing = wanted.filter(({ name }) => !isInsisting(name));
  const text = capturing.map(({ hash }) => hash).join();
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function triggerStatements(
  table: TableDefinition,
  wanted: readonly WantedTrigger[],
  isMariadb: boolean,
): readonly string[] {
  const names = new Set(wanted.map(({ name }) => name));
  const stale = table.triggers.filter(({ name }) => !isMariadb || !names.has(name));
  const drops = stale.map(({ name }) => `DROP TRIGGER ${identifier(name)}`);
  const create = isMariadb ? 'CREATE OR REPLACE TRIGGER' : 'CREATE TRIGGER';
  const creates = wanted.flatMap(({ definition, name }) =>
    isInsisting(name)
      ? inMode(INSISTING_MODE, `${create} ${definition}`)
      : [`${create} ${definition}`],
  );
  if (isMariadb || drops.length === 0) return [...drops, ...creates];
  // Between a drop and a create somebody could write without being captured.
  return [`LOCK TABLES ${identifier(table.name)} WRITE`, ...drops, ...creates, 'UNLOCK TABLES'];
}

/** A trigger keeps the mode of the session that creates it. */
const inMode = (mode: string, statement: string): readonly string[] => [
  `SET sql_mode = '${mode}'`,
  statement,
  `SET sql_mode = '${TRIGGER_MODE}'`,
];

function remember(table: TableDefinition, shape: string, hash: string): string {
  const columns = storedColumns(table).map(({ columnType, name }) => `${name} ${columnType}`);
  return (
    `INSERT INTO dtx_table_shape (shape, tbl, columns_of, hash) VALUES (${shape}, ` +
    `${literal(table.name)}, ${literal(columns.join(', '))}, '${hash}') ` +
    `ON DUPLICATE KEY UPDATE hash = VALUES(hash)`
  );
}
