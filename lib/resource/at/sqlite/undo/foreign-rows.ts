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
 * The foreign keys by which somebody refers to the row, and would follow its values: whoever
 * changes it for a moment looks with `assertSameReferred` whether those are as they were.
 */
export function followersOf(
  database: SqliteDatabase,
  references: readonly Reference[],
  { current, table }: Pick<Change, 'current' | 'table'>,
): readonly Follower[] {
  return references
    .filter(
      (reference) =>
        reference.parent.name === table.name &&
        CHANGING.includes(reference.foreignKey.onUpdate) &&
        isReferred(database, reference, current),
    )
    .map((reference) => ({
      reference,
      values: referredValues(database, reference, current),
    }));
}

interface Follower {
  readonly reference: Reference;
  readonly values: string;
}

/**
 * @param image by whose key the row is found
 * @throws NotRestoredError when the change, or a trigger, has changed such a value
 */
export function assertSameReferred(
  database: SqliteDatabase,
  followers: readonly Follower[],
  image: string,
): void {
  for (const { reference, values } of followers) {
    if (referredValues(database, reference, image) !== values) throw referredTo(reference);
  }
}

function referredValues(
  database: SqliteDatabase,
  { parent: table, referenced }: Reference,
  image: string,
): string {
  return textOf(database, table, referenced, image);
}

function assertUnreferred(database: SqliteDatabase, reference: Reference, current: string): void {
  if (isReferred(database, reference, current)) throw referredTo(reference);
}

function isReferred(
  database: SqliteDatabase,
  { child, foreignKey, parent: table, referenced }: Reference,
  current: string,
): boolean {
  const now = literalsOf(table, current);
  const isChild = referenced.map(
    ({ collation, name }, at) =>
      `${identifier(foreignKey.columns[at] ?? '')} = ` +
      `+${now.get(name) ?? valueInRow(table, name, current)} COLLATE ${collation}`,
  );
  const isOther = child.name === table.name ? [`NOT (${isRowOf(table, current)})`] : [];
  const found = rowsOf(
    database,
    `SELECT 1 FROM main.${identifier(child.name)}
     WHERE ${[...isChild, ...isOther].join(' AND ')} LIMIT 1`,
  );
  return found.length > 0;
}

const referredTo = ({ child }: Reference): NotRestoredError =>
  new NotRestoredError(
    `rows of ${child.name} that are not part of the transaction refer to it by a foreign key ` +
      `that cascades`,
    true,
  );

/** Read from the row: of a generated column no image holds the value. */
const valueInRow = (table: TableDefinition, name: string, image: string): string =>
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
function generatedKeys(
  database: SqliteDatabase,
  table: TableDefinition,
  columns: readonly KeyColumn[],
  image: string,
): string {
  const stored = literalsOf(table, image);
  const generated = columns.filter(({ name }) => !stored.has(name));
  return generated.length === 0 ? '' : textOf(database, table, generated, image);
}

/** The columns as the row has them, to be compared. */
function textOf(
  database: SqliteDatabase,
  table: TableDefinition,
  columns: readonly KeyColumn[],
  image: string,
): string {
  const values = columns.map(({ name }) => `quote(${valueInRow(table, name, image)})`);
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
