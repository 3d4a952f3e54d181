import { uncapturable } from '../capture/wanted-triggers.js';
import { refusalReason } from '../reasons.js';
import type { TableDefinition } from '../table-definition.js';
import type { DatabaseState } from './database-state.js';

/** One sentence for everything that is not captured or not locked, with what to do. */
export function installWarnings({ seesTriggers, tables }: DatabaseState): readonly string[] {
  return [
    ...(seesTriggers ? [] : [UNSEEN]),
    ...tables.flatMap((table) => {
      const reason = uncapturable(table);
      if (reason !== undefined) {
        return [`Writes are refused: ${refusalReason(reason, table.name)}`];
      }
      return [...expressionIndexes(table), ...looseReferences(table, tables)];
    }),
  ];
}

const UNSEEN =
  'The user may not see triggers, so whether they still stand was taken from what the ' +
  'installation has noted. Grant TRIGGER on the database to have it checked.';

function expressionIndexes(table: TableDefinition): readonly string[] {
  return table.uniques
    .filter(({ parts }) => parts.length === 0)
    .map(
      ({ name }) =>
        `Values of the unique index ${name} of ${table.name} are expressions and are not locked: ` +
        `a rollback can find one taken by somebody else, and leaves its row to a person then.`,
    );
}

function looseReferences(
  table: TableDefinition,
  tables: readonly TableDefinition[],
): readonly string[] {
  return table.references
    .filter(({ parent, parentColumns, parentSchema }) => {
      const target = tables.find(({ name, schema }) => name === parent && schema === parentSchema);
      const keys = [target?.key ?? [], ...(target?.uniques ?? []).map(namesOf)];
      return !keys.some((key) => key.join() === parentColumns.join());
    })
    .map(
      ({ name, parent }) =>
        `The foreign key ${name} of ${table.name} is not to a whole unique key of ${parent} in ` +
        `the same database, so a rollback can find its row referred to by somebody else, and ` +
        `leaves it to a person then.`,
    );
}

const namesOf = ({ parts }: TableDefinition['uniques'][number]): readonly string[] =>
  parts.map(({ column }) => column);
