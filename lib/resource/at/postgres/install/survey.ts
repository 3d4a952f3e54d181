import type { InstallPlan, SqlSession, TableStatus } from '../../at-engine.interface.js';
import { tablesOf } from '../catalog.js';
import type { TableDefinition } from '../table-definition.js';
import { CREATE_TABLES } from './database-objects.js';
import type { SchemaState } from './dtx-schema.js';
import { existingFunctions } from './dtx-schema.js';
import type { TablePlan } from './plan-table.js';
import { planSharedFunctions, planTable } from './plan-table.js';
import { statusOf } from './table-status.js';
import { installWarnings } from './warnings.js';

/** What there is of capture in a database, and what is to be done to it. */
export interface Survey {
  readonly role: string;
  readonly schemas: readonly string[];
  /** For the schema `dtx` itself. */
  readonly ownStatements: readonly string[];
  readonly tables: readonly SurveyedTable[];
}

interface SurveyedTable {
  readonly table: TableDefinition;
  readonly plan: TablePlan;
  readonly status: TableStatus;
}

/** Only looks. */
export async function survey(
  session: SqlSession,
  state: SchemaState,
  schemas: readonly string[],
  isGuarded = false,
): Promise<Survey> {
  const functions = await existingFunctions(session);
  const tables = await tablesOf(session, schemas);
  return {
    role: state.role,
    schemas,
    ownStatements: [
      ...(state.exists ? [] : ['CREATE SCHEMA dtx']),
      ...(state.hasTables ? [] : [CREATE_TABLES]),
      ...planSharedFunctions(functions),
    ],
    tables: tables.map((table) => {
      const plan = planTable(table, functions, isGuarded);
      return { table, plan, status: statusOf(table, plan) };
    }),
  };
}

/**
 * What people are shown: partitions only where they lack something, since their root has it all.
 */
export function planOf({ ownStatements, role, tables }: Survey): InstallPlan {
  const shown = tables.filter(({ status, table }) => !table.isPartition || isToMend(status));
  return {
    statements: [
      ...ownStatements,
      ...tables.flatMap(({ plan }) => [...plan.functionStatements, ...plan.triggerStatements]),
    ],
    tables: shown.map(({ status }) => status),
    warnings: installWarnings({
      role,
      tables: tables.map(({ table }) => table),
      uncovered: new Map(),
    }),
  };
}

/** Whether an installation would do something about the table. */
export const isToMend = ({ state }: TableStatus): boolean =>
  state === 'missing' || state === 'stale';
