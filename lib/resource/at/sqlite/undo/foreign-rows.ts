import { rowsOf } from '../read-rows.js';
import type { Reference } from '../references.js';
import { identifier } from '../sql-text.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';
import type { KeyColumn, TableDefinition } from '../table-definition.js';
import { NotRestoredError } from './attempt.js';
import { updateRow } from './row-statements.js';
import { isRowOf, literalsOf } from './undo-row.js';

interface Change {
  readonly table: TableDefinition;
  readonly current: string;
  /** undefined when the row goes. */
  readonly next: string | undefined;
}

/** Actions of a foreign key that change rows of the child. */
const CHANGING = ['CASCADE', 'SET NULL', 'SET DEFAULT'];

/**
 * Rows of others are never changed by a cascade: children of the branch itself have been restored
 * before, so whoever still refers to the row is not part of it.
 *
 * @throws NotRestoredError
 */
export function assertNobodyRefers(
  database: SqliteDatabase,
  references: readonly Reference[],
  { current, next, table }: Change,
): void {
  for (const reference of references) {
    const { foreignKey, parent, referenced } = reference;
    if (parent.name !== table.name) continue;
    const action = next === undefined ? foreignKey.onDelete : foreignKey.onUpdate;
    if (!CHANGING.includes(action)) continue;
    const change = { table, current, next };
    if (next !== undefined && isSameReferred(database, referenced, { ...change, next })) continue;
    assertUnreferred(database, reference, current);
  }
}

/**
 * The same for a change of one column, before its new value is known.
 *
 * @throws NotRestoredError
 */
export function assertNobodyRefersTo(
  database: SqliteDatabase,
  references: readonly Reference[],
  { column, current, table }: Pick<Change, 'current' | 'table'> & { readonly column: string },
): void {
  for (const reference of references) {
    const { foreignKey, parent, referenced } = reference;
    if (parent.name !== table.name || !CHANGING.includes(foreignKey.onUpdate)) continue;
    if (!referenced.some(({ name }) => name === column)) continue;
    assertUnreferred(database, reference, current);
  }
}

function assertUnreferred(
  database: SqliteDatabase,
  { child, foreignKey, parent: table, referenced }: Reference,
  current: string,
): void {
  const now = literalsOf(table, current);
  const isChild = referenced.map(
    ({ collation, name }, at) =>
      `${identifier(foreignKey.columns[at] ?? '')} = ` +
      `+${now.get(name) ?? generatedValue(table, name, current)} COLLATE ${collation}`,
  );
  const isOther = child.name === table.name ? [`NOT (${isRowOf(table, current)})`] : [];
  const found = rowsOf(
    database,
    `SELECT 1 FROM main.${identifier(child.name)}
     WHERE ${[...isChild, ...isOther].join(' AND ')} LIMIT 1`,
  );
  if (found.length === 0) return;
  throw new NotRestoredError(
    `rows of ${child.name} that are not part of the transaction refer to it by a foreign key ` +
      `that cascades`,
    true,
  );
}

/** No image holds it, so it is read from the row. */
const generatedValue = (table: TableDefinition, name: string, image: string): string =>
  `(SELECT g.${identifier(name)} FROM main.${identifier(table.name)} AS g ` +
  `WHERE ${isRowOf(table, image, 'g.')})`;

type Update = Change & { readonly next: string };

/** Whether the columns keep their values. What is generated has to be tried out. */
function isSameReferred(
  database: SqliteDatabase,
  columns: readonly KeyColumn[],
  { current, next, table }: Update,
): boolean {
  const [now, then] = [literalsOf(table, current), literalsOf(table, next)];
  const stored = columns.filter(({ name }) => now.has(name));
  if (!isSameKey(database, stored, now, then)) return false;
  if (stored.length === columns.length) return true;
  const before = generatedKeys(database, table, columns, current);
  database.exec('SAVEPOINT dtx_trial');
  try {
    database.exec(updateRow(table, current, next));
    return generatedKeys(database, table, columns, next) === before;
  } finally {
    database.exec('ROLLBACK TO dtx_trial; RELEASE dtx_trial');
  }
}

/** Those of the columns that no image holds, as the row has them; empty where there are none. */
export function generatedKeys(
  database: SqliteDatabase,
  table: TableDefinition,
  columns: readonly KeyColumn[],
  image: string,
): string {
  const stored = literalsOf(table, image);
  const values = columns
    .filter(({ name }) => !stored.has(name))
    .map(({ name }) => `quote(${generatedValue(table, name, image)})`);
  if (values.length === 0) return '';
  const [row] = rowsOf<{ text: string }>(database, `SELECT ${values.join(` || ',' || `)} AS text`);
  return row?.text ?? '';
}

type Literals = ReadonlyMap<string, string>;

/** As SQLite sees it: nothing cascades from a value that is only written otherwise. */
function isSameKey(
  database: SqliteDatabase,
  columns: readonly KeyColumn[],
  now: Literals,
  then: Literals,
): boolean {
  const changed = columns.filter(({ name }) => now.get(name) !== then.get(name));
  if (changed.length === 0) return true;
  const equal = changed.map(
    ({ collation, name }) =>
      `+${now.get(name) ?? 'NULL'} IS +${then.get(name) ?? 'NULL'} COLLATE ${collation}`,
  );
  return rowsOf(database, `SELECT 1 WHERE ${equal.join(' AND ')}`).length > 0;
}
