import {
  CAPTURE_TRIGGER,
  GUARD_TRIGGER,
  IMAGE_SETTING,
  REFUSE_TRIGGER,
  RESTORE_TRIGGER,
  TRUNCATE_TRIGGER,
} from '../agreement.js';
import { captureFunction, functionName } from '../capture/capture-function.js';
import { restoreFunction } from '../capture/restore-function.js';
import { identifier, literal } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { IN_BRANCH, IS_OUTSIDE } from './database-objects.js';

/** A trigger that has to stand on a table. */
export interface WantedTrigger {
  readonly name: string;
  readonly function: string;
  /** pg_trigger.tgtype, to recognise it by. */
  readonly type: number;
  readonly sql: string;
  /** Creates the function, where it is made for the table. */
  readonly functionSql?: string;
}

/** Whether changes of the table can be undone; if not, they are refused inside a branch. */
export function isCapturable(table: TableDefinition): boolean {
  return table.kind !== 'f' && table.key.length > 0;
}

/** Whether the table is captured by triggers of its own. A partition is captured by its root's. */
export const isCaptured = (table: TableDefinition): boolean =>
  isCapturable(table) && !table.isPartition;

/** Why writes to the table are refused inside a global transaction, and what to do. */
export function refusalReason(table: TableDefinition): string {
  if (table.kind === 'f') {
    return (
      `${table.name} is a foreign table: its rows are in another database, where nothing can ` +
      `be captured. Write to it outside of the global transaction, or make that database a data ` +
      `source of its own.`
    );
  }
  return (
    `${table.name} has no primary key, so its rows could not be found again to undo a change. ` +
    `Add one (ALTER TABLE ${table.name} ADD PRIMARY KEY ...), or write to it outside of the ` +
    `global transaction.`
  );
}

/** Bits of pg_trigger.tgtype. */
const ROW = 1;
const BEFORE = 2;
const INSERT = 4;
const DELETE = 8;
const UPDATE = 16;
const TRUNCATE = 32;

/**
 * The triggers that the table has to have. A partition inherits those for rows from its root.
 *
 * @param isGuarded whether writers from outside are refused while a row is held
 */
export function wantedTriggers(
  table: TableDefinition,
  isGuarded = false,
): readonly WantedTrigger[] {
  // Foreign tables can have this trigger from PostgreSQL 16 on; the statement is refused anyway.
  const truncate = table.kind === 'f' ? [] : [truncateTrigger(table)];
  if (table.isPartition) return truncate;
  if (!isCapturable(table)) return [refuseTrigger(table), ...truncate];
  const restore = table.hasForeignBeforeTriggers ? [restoreTrigger(table)] : [];
  const guard = isGuarded ? [guardTrigger(table)] : [];
  return [captureTrigger(table), ...guard, ...truncate, ...restore];
}

function captureTrigger(table: TableDefinition): WantedTrigger {
  const name = functionName('capture', table);
  return {
    name: CAPTURE_TRIGGER,
    function: name,
    type: ROW | INSERT | DELETE | UPDATE,
    functionSql: captureFunction(table),
    sql:
      `CREATE TRIGGER ${identifier(CAPTURE_TRIGGER)} AFTER INSERT OR UPDATE OR DELETE ` +
      `ON ${table.name} FOR EACH ROW WHEN (${IN_BRANCH}) EXECUTE FUNCTION ${name}()`,
  };
}

/** The same function: it records nothing where there is no tag. */
function guardTrigger(table: TableDefinition): WantedTrigger {
  const name = functionName('capture', table);
  return {
    name: GUARD_TRIGGER,
    function: name,
    type: ROW | INSERT | DELETE | UPDATE,
    sql:
      `CREATE TRIGGER ${identifier(GUARD_TRIGGER)} AFTER INSERT OR UPDATE OR DELETE ` +
      `ON ${table.name} FOR EACH ROW WHEN (${IS_OUTSIDE}) EXECUTE FUNCTION ${name}()`,
  };
}

/** For each row, not for the statement: a cascade that meets no row of the table may pass. */
function refuseTrigger(table: TableDefinition): WantedTrigger {
  return {
    name: REFUSE_TRIGGER,
    function: 'dtx.refuse_write',
    type: ROW | BEFORE | INSERT | DELETE | UPDATE,
    sql:
      `CREATE TRIGGER ${identifier(REFUSE_TRIGGER)} BEFORE INSERT OR UPDATE OR DELETE ` +
      `ON ${table.name} FOR EACH ROW WHEN (${IN_BRANCH}) ` +
      `EXECUTE FUNCTION dtx.refuse_write(${literal(refusalReason(table))})`,
  };
}

function truncateTrigger(table: TableDefinition): WantedTrigger {
  return {
    name: TRUNCATE_TRIGGER,
    function: 'dtx.refuse_truncate',
    type: BEFORE | TRUNCATE,
    sql:
      `CREATE TRIGGER ${identifier(TRUNCATE_TRIGGER)} BEFORE TRUNCATE ON ${table.name} ` +
      `FOR EACH STATEMENT WHEN (${IN_BRANCH}) EXECUTE FUNCTION dtx.refuse_truncate()`,
  };
}

function restoreTrigger(table: TableDefinition): WantedTrigger {
  const name = functionName('restore', table);
  return {
    name: RESTORE_TRIGGER,
    function: name,
    type: ROW | BEFORE | INSERT | UPDATE,
    functionSql: restoreFunction(table),
    sql:
      `CREATE TRIGGER ${identifier(RESTORE_TRIGGER)} BEFORE INSERT OR UPDATE ON ${table.name} ` +
      `FOR EACH ROW WHEN (pg_catalog.current_setting('${IMAGE_SETTING}', true) <> '') ` +
      `EXECUTE FUNCTION ${name}()`,
  };
}
