import type { TableModel } from './model.js';
import type { Part } from './part.js';
import { OK } from './play.js';
import type { Row, Snapshot, TableDifference } from './snapshot.js';
import { quote } from './values.js';
import { keyOf } from './writer.js';

/** Differences, without the rows that are promised to stay. */
export interface Heard {
  readonly echoes: ReadonlyMap<string, readonly Row[]>;
  readonly differences: readonly TableDifference[];
}

/**
 * Triggers of the user fire while rows are restored, and a row that they insert then stays: a line
 * of an audit table. Such a row has come during the rollback, has the key of no row that should be
 * there, and of none that the transaction has named.
 *
 * @param ending what there was when the rollback began
 */
export function withoutEchoes(
  tables: readonly TableModel[],
  parts: readonly Part[],
  ending: Snapshot,
  found: readonly TableDifference[],
): Heard {
  const echoes = new Map<string, readonly Row[]>();
  const sql = parts.flatMap(writtenBy);
  const differences = found.flatMap(({ missing, surplus, table: name }) => {
    const table = tables.find((each) => each.name === name);
    const written = sql.filter((text) => text.includes(` ${table?.sql ?? ''} `));
    const before = new Set(
      [...(ending.get(name) ?? []), ...missing].map((row) => keyText(table, row)),
    );
    const isEcho = (row: Row): boolean =>
      !before.has(keyText(table, row)) && !written.some((text) => isNamed(table, row, text));
    echoes.set(name, surplus.filter(isEcho));
    const rest = surplus.filter((row) => !isEcho(row));
    return missing.length + rest.length === 0 ? [] : [{ table: name, missing, surplus: rest }];
  });
  return { echoes, differences };
}

/** What has failed or was taken back at once has left nothing. */
function writtenBy({ plan, played }: Part): readonly string[] {
  return played.flatMap(({ index, result }) => {
    const steps = result.committed ? (plan.locals[index]?.steps ?? []) : [];
    return steps.filter((_, step) => result.outcomes[step] === OK).map((step) => step.sql);
  });
}

const keyColumns = (table: TableModel | undefined, row: Row): readonly number[] =>
  (table && keyOf(table)?.columns) ?? [...row.keys()];

const keyText = (table: TableModel | undefined, row: Row): string =>
  JSON.stringify(keyColumns(table, row).map((column) => row[column]));

const isNamed = (table: TableModel | undefined, row: Row, sql: string): boolean =>
  keyColumns(table, row).every((column) => sql.includes(quote(row[column] ?? '')));
