import { rowsOf } from '../row-image.js';
import { refersTo, rowKey } from '../row-key.js';
import { identifier } from '../sql-text.js';
import type { CascadingReference, TableDefinition } from '../table-definition.js';
import { settableColumns } from '../table-definition.js';
import { imagesOf, isRowOfImage } from './compare-rows.js';
import type { RestoreAction, RestoreOrder } from './undo-row.js';

/** One statement that restores rows, and how many of them it has to meet. */
export interface RestoreStatement {
  readonly text: string;
  /** Behind the xid, which is `$1`. */
  readonly keys: readonly (readonly string[])[];
  readonly expectedCount: number;
}

/** The rows of one table, each list as a parameter. */
interface Part {
  readonly table: TableDefinition;
  readonly number: number;
  readonly keys: Readonly<Record<RestoreAction, readonly string[]>>;
  /** What its updates set. */
  readonly columns: readonly string[];
}

const ACTIONS: readonly RestoreAction[] = ['delete', 'update', 'insert', 'replace'];

/**
 * The statement that restores the rows, of any number of tables, at once. It deletes first and
 * inserts last, so that unique values are free when they are needed again; foreign keys are checked
 * at its end, so that it does not matter which side comes first. `replace` deletes and inserts.
 */
export function restoreStatement(orders: readonly RestoreOrder[]): RestoreStatement {
  const parts = partsOf(orders);
  const that = (...actions: readonly RestoreAction[]): readonly Part[] =>
    parts.filter(({ keys }) => actions.some((action) => keys[action].length > 0));
  const [deleted, updated, inserted] = [
    that('delete', 'replace'),
    that('update'),
    that('insert', 'replace'),
  ];
  const ctes = [
    ...parts.map((part) => `i${String(part.number)} AS MATERIALIZED (${images(part)})`),
    ...deleted.map((part) => `d${String(part.number)} AS (${deleteRows(part, parts)})`),
    `gone AS MATERIALIZED (SELECT ${countOf('d', deleted)} AS n)`,
    ...updated.map((part) => `u${String(part.number)} AS (${updateRows(part, parts)})`),
    `changed AS MATERIALIZED (SELECT gone.n + ${countOf('u', updated)} AS n FROM gone)`,
    ...inserted.map((part) => `a${String(part.number)} AS (${insertRows(part)})`),
  ];
  const count = `(changed.n + ${countOf('a', inserted)})::text`;
  const replaceCount = orders.filter(({ action }) => action === 'replace').length;
  return {
    text: `WITH ${ctes.join(',\n')}\nSELECT ${count} FROM changed`,
    keys: parts.flatMap(({ keys }) => ACTIONS.map((action) => keys[action])),
    expectedCount: orders.length + replaceCount,
  };
}

function partsOf(orders: readonly RestoreOrder[]): readonly Part[] {
  const tables = [...new Set(orders.map(({ row }) => row.table))];
  return tables.map((table, number) => {
    const keysOf = (wanted: RestoreAction): readonly string[] =>
      orders
        .filter(({ row, action }) => row.table === table && action === wanted)
        .map(({ row }) => row.key);
    const [deletes, updates, inserts, replaces] = ACTIONS.map(keysOf);
    const keys = {
      delete: deletes ?? [],
      update: updates ?? [],
      insert: inserts ?? [],
      replace: replaces ?? [],
    };
    return { table, number, keys, columns: columnsOf(table, orders) };
  });
}

/** Only these are named, so that no trigger fires that is for other columns (UPDATE OF). */
function columnsOf(table: TableDefinition, orders: readonly RestoreOrder[]): readonly string[] {
  const own = orders.filter(({ row, action }) => row.table === table && action === 'update');
  const names = new Set(own.flatMap(({ columns }) => columns));
  const settable = settableColumns(table);
  const changed = settable.filter((name) => names.has(name));
  return changed.length > 0 ? changed : settable;
}

/** SQL of the keys of the part that one of the actions is for. */
function keysFor({ number }: Part, ...actions: readonly RestoreAction[]): string {
  const parameters = actions.map((action) => 2 + number * ACTIONS.length + ACTIONS.indexOf(action));
  return parameters.map((parameter) => `$${String(parameter)}::text[]`).join(' || ');
}

const images = (part: Part): string => imagesOf(part.table, keysFor(part, ...ACTIONS));

function deleteRows(part: Part, parts: readonly Part[]): string {
  const { table } = part;
  return `DELETE FROM ${rowsOf(table)} t USING i${String(part.number)} i
    WHERE i.pk = ANY (${keysFor(part, 'delete', 'replace')}) AND ${isRowOfImage(table)}
      ${spareOthers(table, parts, 'onDelete')} RETURNING 1`;
}

function updateRows(part: Part, parts: readonly Part[]): string {
  const { columns, table } = part;
  const assignments = columns.map((name) => `${identifier(name)} = (i.b).${identifier(name)}`);
  return `UPDATE ${rowsOf(table)} t SET ${assignments.join(', ')}
    FROM i${String(part.number)} i, gone
    WHERE gone.n >= 0 AND i.pk = ANY (${keysFor(part, 'update')}) AND ${isRowOfImage(table)}
      ${spareOthers(table, parts, 'onUpdate')} RETURNING 1`;
}

function insertRows(part: Part): string {
  const { table } = part;
  const columns = table.columns
    .filter(({ generated }) => generated === '')
    .map(({ name }) => identifier(name));
  return `INSERT INTO ${table.name} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${columns.map((column) => `(i.b).${column}`).join(', ')}
    FROM i${String(part.number)} i, changed
    WHERE changed.n >= 0 AND i.pk = ANY (${keysFor(part, 'insert', 'replace')}) RETURNING 1`;
}

/**
 * SQL that keeps a row as it is when a foreign key would carry the change on to rows that are not
 * part of the statement: those may be another transaction's. They cannot appear any more, since the
 * row is locked and whoever refers to it has to lock it too.
 */
function spareOthers(
  table: TableDefinition,
  parts: readonly Part[],
  event: 'onDelete' | 'onUpdate',
): string {
  return table.cascadingReferences
    .filter((reference) => reference[event])
    .map((reference) => {
      const others = `NOT EXISTS (${referringRows(reference, parts)})`;
      return `AND ${event === 'onDelete' ? others : `(${keepsValues(reference)} OR ${others})`}`;
    })
    .join(' ');
}

function referringRows(reference: CascadingReference, parts: readonly Part[]): string {
  const own = parts.find(({ table }) => table.name === reference.table);
  const except = own && `AND ${rowKey(own.table, 'c')} <> ALL (${keysFor(own, ...ACTIONS)})`;
  const refers = refersTo(reference.pairs, 'c', 't');
  return `SELECT FROM ${reference.table} c WHERE ${refers} ${except ?? ''}`;
}

function keepsValues({ pairs }: CascadingReference): string {
  const kept = pairs.map(({ operator, parent }) => {
    const [now, before] = [`t.${identifier(parent)}`, `(i.b).${identifier(parent)}`];
    return `(${now} ${operator} ${before} OR ${now} IS NULL AND ${before} IS NULL)`;
  });
  return kept.join(' AND ');
}

function countOf(prefix: string, parts: readonly Part[]): string {
  const counts = parts.map(({ number }) => `(SELECT count(*) FROM ${prefix}${String(number)})`);
  return ['0', ...counts].join(' + ');
}
