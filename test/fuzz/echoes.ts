import type { TableModel } from './model.js';
import type { Part } from './part.js';
import { OK } from './play.js';
import type { Row, Snapshot, TableDifference } from './snapshot.js';
import { keyOf } from './writer.js';

/** Ends the first command of a statement that has two. */
const BETWEEN_COMMANDS = ' RETURNING 1) ';

/** Differences, without the rows that are promised to stay. */
export interface Heard {
  readonly echoes: ReadonlyMap<string, readonly Row[]>;
  readonly differences: readonly TableDifference[];
}

/**
 * Triggers of the user fire while rows are restored, and a row that they insert then stays: a line
 * of an audit table. Such a row has come during the rollback, has the key of no row that should be
 * there, and of none that the transaction has given to one.
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
  const commands = parts.flatMap(writtenBy).flatMap((sql) => sql.split(BETWEEN_COMMANDS));
  const differences = found.flatMap(({ missing, surplus, table: name }) => {
    const table = tables.find((each) => each.name === name);
    const named = commands.filter((command) => givesKeys(table, command)).map(givenBy);
    // A number that is free again says nothing about who has it now.
    const ended = hasReusedKey(table) ? [] : (ending.get(name) ?? []);
    const before = new Set([...ended, ...missing].map((row) => keyText(table, row)));
    const isEcho = (row: Row): boolean =>
      !before.has(keyText(table, row)) && !named.some((text) => isNamed(table, row, text));
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

const hasReusedKey = (table: TableModel | undefined): boolean =>
  table !== undefined &&
  keyOf(table)?.columns.some((column) => table.columns[column]?.isReused === true) === true;

const SETS_ONLY = /^(WITH w AS \()?UPDATE /u;

/** Whether rows of the table may have got their keys from it: not where others are all it sets. */
function givesKeys(table: TableModel | undefined, command: string): boolean {
  if (!command.includes(` ${table?.sql ?? ''} `)) return false;
  if (/^(?:DELETE|SELECT) /u.test(command)) return false;
  const keys = (table && keyOf(table)?.columns) ?? [];
  const names = keys.map((column) => ` ${table?.columns[column]?.quoted ?? ''} = `);
  return !SETS_ONLY.test(command) || names.some((name) => givenBy(command).includes(name));
}

/** Which rows it looks for says nothing about those that it leaves. */
const givenBy = (command: string): string => command.split(' WHERE ')[0] ?? '';

const isNamed = (table: TableModel | undefined, row: Row, sql: string): boolean =>
  keyColumns(table, row).every((column) => {
    const text = row[column] ?? '';
    const literal = table?.columns[column]?.literal(text) ?? text;
    return mentions(sql, literal) || mentions(sql, `'${text}'`) || mentions(sql, text);
  });

/** Whether a value stands there as a whole. */
function mentions(sql: string, value: string): boolean {
  for (let at = sql.indexOf(value); at >= 0; at = sql.indexOf(value, at + 1)) {
    const isWhole =
      BEFORE_VALUE.test(sql.charAt(at - 1)) && BEHIND_VALUE.test(sql.charAt(at + value.length));
    if (isWhole) return true;
    if (at === sql.length) return false;
  }
  return false;
}

const BEFORE_VALUE = /[ (]/u;
const BEHIND_VALUE = /^$|[ ,:)]/u;
