export type Row = readonly (string | null)[];

/** All rows of all tables, each value as text. */
export type Snapshot = ReadonlyMap<string, readonly Row[]>;

/** Columns that are not compared, by table. */
export type Ignored = ReadonlyMap<string, ReadonlySet<number>>;

export interface TableDifference {
  readonly table: string;
  readonly missing: readonly Row[];
  readonly surplus: readonly Row[];
}

const COLUMNS_NONE: ReadonlySet<number> = new Set();
export const IGNORED_NONE: Ignored = new Map();

export function compareSnapshots(
  expected: Snapshot,
  found: Snapshot,
  ignored: Ignored = IGNORED_NONE,
): readonly TableDifference[] {
  const differences: TableDifference[] = [];
  for (const [table, rows] of expected) {
    const left = ignored.get(table) ?? COLUMNS_NONE;
    const counts = new Map<string, Row[]>();
    for (const row of rows) {
      const text = textOf(row, left);
      const same = counts.get(text);
      if (same === undefined) counts.set(text, [row]);
      else same.push(row);
    }
    const surplus = (found.get(table) ?? []).filter(
      (row) => counts.get(textOf(row, left))?.pop() === undefined,
    );
    const missing = [...counts.values()].flat();
    if (missing.length + surplus.length > 0) differences.push({ table, missing, surplus });
  }
  return differences;
}

/** Columns whose values are others when the same statements run again: a clock, a random number. */
export function volatileColumns(one: Snapshot, other: Snapshot): Ignored {
  const found = new Map<string, Set<number>>();
  for (const [table, rows] of one) {
    const others = other.get(table) ?? [];
    for (const column of rows[0]?.keys() ?? []) {
      if (valuesOf(rows, column) === valuesOf(others, column)) continue;
      const columns = found.get(table) ?? new Set();
      found.set(table, columns.add(column));
    }
  }
  return found;
}

/** The values of a column, whatever rows they are in. */
export const valuesOf = (rows: readonly Row[], column: number): string =>
  JSON.stringify(rows.map((row) => JSON.stringify(row[column])).sort());

const textOf = (row: Row, left: ReadonlySet<number>): string =>
  JSON.stringify(left.size === 0 ? row : row.filter((_, column) => !left.has(column)));

/** The order in which a table gives its rows is nobody's promise, and a seed needs one. */
export function inOrder(rows: readonly Row[]): readonly Row[] {
  const texts = rows.map((row) => ({ row, text: JSON.stringify(row) }));
  texts.sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
  return texts.map(({ row }) => row);
}
