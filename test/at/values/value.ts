/** A type and a value of it, as SQL. */
export type ValueRow = readonly [title: string, type: string, value: string];

/** A value, and what an update puts in its place for a while. */
export interface Value {
  readonly title: string;
  readonly type: string;
  readonly value: string;
  readonly other: string;
}

export const valuesOf = (rows: readonly ValueRow[]): readonly Value[] =>
  rows.map(([title, type, value]) => ({
    title,
    type,
    value,
    other: value === 'NULL' ? "'x'" : 'NULL',
  }));
