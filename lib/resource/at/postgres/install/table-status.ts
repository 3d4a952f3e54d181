import type { TableStatus } from '../../at-engine.interface.js';
import type { TableDefinition } from '../table-definition.js';
import type { TablePlan } from './plan-table.js';
import { isCurrent, isOurTrigger } from './plan-table.js';
import { isCapturable, refusalReason } from './wanted-triggers.js';

/** How the table stands to what it should have. */
export function statusOf(table: TableDefinition, plan: TablePlan): TableStatus {
  const { name } = table;
  if (isCurrent(plan)) {
    if (isCapturable(table) || table.isPartition) return { table: name, state: 'captured' };
    return { table: name, state: 'refused', note: refusalReason(table) };
  }
  if (table.isPartition) return { table: name, state: 'missing', note: NO_TRUNCATE };
  const hasOurs = table.triggers.some((trigger) => isOurTrigger(trigger.name));
  if (!hasOurs) return { table: name, state: 'missing', note: 'Nothing is installed on it.' };
  return { table: name, state: 'stale', note: plan.functionStatements.length > 0 ? MADE : DAMAGED };
}

const NO_TRUNCATE = 'TRUNCATE of this partition is not refused; its root captures everything else.';
const MADE = 'What is installed on it was made for other columns or keys, or by another version.';
const DAMAGED = 'Triggers of ours are missing or disabled, or it has triggers that are new.';
