import { isCanonical } from '../row-key.js';
import { identifier } from '../sql-text.js';
import type { TableDefinition } from '../table-definition.js';
import { isCapturable, refusalReason } from './wanted-triggers.js';

interface Findings {
  readonly role: string;
  readonly tables: readonly TableDefinition[];
  /** Tables without our triggers, and why. */
  readonly uncovered: ReadonlyMap<string, string>;
}

/** One sentence for everything that is not captured or cannot be restored, with what to do. */
export function installWarnings({ role, tables, uncovered }: Findings): readonly string[] {
  const captured = new Set(
    tables.filter((table) => isCapturable(table) && !uncovered.has(table.name)).map(nameOf),
  );
  return tables.flatMap((table) => {
    const reason = uncovered.get(table.name);
    if (reason !== undefined) return [notCovered(table, reason)];
    if (table.isPartition) return keysOfItsOwn(table);
    if (!isCapturable(table)) return [`Writes are refused: ${refusalReason(table)}`];
    return [
      ...missingRights(table, role),
      ...hiddenRows(table, role),
      ...inexactIndexes(table),
      ...uncapturedCascades(table, captured),
    ];
  });
}

/** What a role needs to run, for the administrator. */
export function grant(privileges: readonly string[], object: string, role: string): string {
  return `GRANT ${privileges.join(', ')} ON ${object} TO ${identifier(role)};`;
}

const nameOf = (table: TableDefinition): string => table.name;

const notCovered = (table: TableDefinition, reason: string): string =>
  `${table.name} is not covered, so what a global transaction writes to it is NOT undone: ` +
  reason;

function missingRights(table: TableDefinition, role: string): readonly string[] {
  const missing = table.missingPrivileges.filter((privilege) => privilege !== 'TRIGGER');
  if (missing.length === 0) return [];
  return [
    `Role ${identifier(role)} lacks ${missing.join(', ')} on ${table.name}, so a rollback may ` +
      `have to leave its rows to a person. Run: ${grant(missing, table.name, role)}`,
  ];
}

function hiddenRows(table: TableDefinition, role: string): readonly string[] {
  if (!table.hidesRows) return [];
  return [
    `Row-level security of ${table.name} applies to role ${identifier(role)}, so a rollback ` +
      `cannot restore its rows. Give the data source a role with BYPASSRLS, or the owner's.`,
  ];
}

function inexactIndexes(table: TableDefinition): readonly string[] {
  return table.uniqueIndexes
    .filter(({ parts }) => parts.some((part) => !isCanonical(part) && !part.hasHash))
    .map(
      ({ name }) =>
        `The index ${identifier(name)} of ${table.name} may take values for equal whose texts ` +
        `differ, and the database cannot hash them. Two transactions that write one value under ` +
        `two spellings are told apart only when one of them is rolled back.`,
    );
}

/** The triggers of a partition are those of its root, made for what all partitions have. */
function keysOfItsOwn(table: TableDefinition): readonly string[] {
  const { references, referrers, uniqueIndexes } = table;
  const names = [...uniqueIndexes, ...references, ...referrers].map(({ name }) => identifier(name));
  if (names.length === 0) return [];
  return [
    `The partition ${table.name} has unique indexes or foreign keys of its own ` +
      `(${names.join(', ')}): other transactions are not kept from what a rollback needs there. ` +
      `Declare them on the partitioned table.`,
  ];
}

function uncapturedCascades(
  table: TableDefinition,
  captured: ReadonlySet<string>,
): readonly string[] {
  return table.cascadingReferences
    .filter((reference) => !captured.has(reference.table))
    .map(
      (reference) =>
        `A foreign key of ${reference.table} cascades from ${table.name}, but ${reference.table} ` +
        `is not captured: what the cascade changes there is NOT undone. Add its schema to ` +
        `schemas, or mend what is said about it here.`,
    );
}
