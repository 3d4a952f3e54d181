import type { Rng } from '../simulation/kernel/rng.js';
import type { Dialect } from './dialect.interface.js';
import type { KeyModel, Model, TableModel } from './model.js';
import type { Ignored, Row, Snapshot } from './snapshot.js';

/** A row as expressions of SQL, one for each column. */
export type Expressions = readonly string[];

export interface WriterInit {
  readonly rng: Rng;
  readonly model: Model;
  readonly dialect: Dialect;
  readonly snapshot: Snapshot;
  readonly volatile: Ignored;
  /** How often values are taken that are there already, by table. */
  readonly caution: ReadonlyMap<string, number>;
  /** Only statements that do not depend on what other rows hold. */
  readonly isByKey: boolean;
}

const CAUTION_DEFAULT = 0.3;
const HOT_CHANCE = 0.4;

/** Makes statements at random over the rows that there are. */
export class Writer {
  readonly rng: Rng;
  readonly model: Model;
  readonly dialect: Dialect;
  readonly #init: WriterInit;
  readonly #hot = new Map<string, Expressions[]>();
  readonly #writable: readonly TableModel[];

  constructor(init: WriterInit) {
    this.#init = init;
    this.rng = init.rng;
    this.model = init.model;
    this.dialect = init.dialect;
    const covered = init.model.tables.filter((table) => this.#isAddressable(table));
    // Writes to a table without a key are refused; that is worth seeing now and then.
    const keyed = covered.filter(({ keys }) => keys.some(({ isPrimary }) => isPrimary));
    this.#writable = keyed.length > 0 && !this.rng.chance(0.02) ? keyed : covered;
  }

  get isByKey(): boolean {
    return this.#init.isByKey;
  }

  /** One statement, or a few that belong together. */
  write(): readonly string[] {
    const table = this.rng.pick(this.#writable);
    const kinds = this.isByKey ? this.dialect.statementsByKey : this.dialect.statements;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const statements = this.rng.pick(kinds)(this, table);
      if (statements.length > 0) return statements;
    }
    return [`SELECT 1 FROM ${table.from} LIMIT 1`];
  }

  /** A row that is there, or that this transaction has written before. */
  row(table: TableModel): Expressions | undefined {
    const hot = this.#hot.get(table.name) ?? [];
    const rows = this.#init.snapshot.get(table.name) ?? [];
    if (hot.length > 0 && (rows.length === 0 || this.rng.chance(HOT_CHANCE))) {
      return this.rng.pick(hot);
    }
    if (rows.length === 0) return undefined;
    return this.touch(table, this.#expressions(table, this.rng.pick(rows)));
  }

  /** Later statements of the transaction come back to it. */
  touch(table: TableModel, row: Expressions): Expressions {
    const hot = this.#hot.get(table.name) ?? [];
    hot.push(row);
    this.#hot.set(table.name, hot);
    return row;
  }

  rowCount(table: TableModel): number {
    return this.#init.snapshot.get(table.name)?.length ?? 0;
  }

  /** Positions of the columns that can be given a value. */
  given(table: TableModel): readonly number[] {
    return [...table.columns.keys()].filter(
      (column) => table.columns[column]?.isGenerated !== true,
    );
  }

  /** A new row, whose references lead somewhere most of the time. */
  newRow(table: TableModel): Expressions {
    const row = table.columns.map((_, column) => this.value(table, column));
    for (const { columns, target, targetColumns } of table.references) {
      const parents = this.model.tables.find(({ name }) => name === target);
      const isOptional = columns.some((column) => table.columns[column]?.isNotNull !== true);
      if (parents === undefined || this.rng.chance(0.05)) continue;
      if (isOptional && this.rng.chance(0.25)) {
        for (const column of columns) if (!this.#isNotNull(table, column)) row[column] = 'NULL';
        continue;
      }
      const parent = this.row(parents);
      if (parent === undefined) continue;
      for (const [index, column] of columns.entries()) {
        row[column] = parent[targetColumns[index] ?? -1] ?? 'NULL';
      }
    }
    return row;
  }

  value(table: TableModel, column: number): string {
    const { rng } = this;
    const model = table.columns[column];
    if (model === undefined) return 'NULL';
    if (!model.isNotNull && rng.chance(0.12)) return 'NULL';
    const isKey = table.keys.some(({ columns }) => columns.includes(column));
    if (isKey && model.isWhole && rng.chance(0.9)) {
      return model.literal(String(rng.whole(21, 30_000)));
    }
    const caution = this.#init.caution.get(table.name) ?? CAUTION_DEFAULT;
    const sampled = rng.chance(isKey ? 0.1 : caution) ? this.#sample(table, column) : undefined;
    return (
      sampled ??
      model.random(rng) ??
      this.#sample(table, column) ??
      (model.isNotNull ? model.literal('') : 'NULL')
    );
  }

  /** A condition that is true for this one row. */
  is(table: TableModel, row: Expressions, alias = ''): string {
    const { columns } = keyOf(table) ?? { columns: this.given(table).slice(0, 1) };
    const conditions = columns.map((column) => {
      const value = row[column] ?? 'NULL';
      const name = `${alias}${table.columns[column]?.quoted ?? ''}`;
      return value === 'NULL' ? `${name} IS NULL` : `${name} = ${value}`;
    });
    return conditions.join(' AND ');
  }

  #isNotNull(table: TableModel, column: number): boolean {
    return table.columns[column]?.isNotNull === true;
  }

  #sample(table: TableModel, column: number): string | undefined {
    const rows = this.#init.snapshot.get(table.name) ?? [];
    if (rows.length === 0) return undefined;
    return this.#expressions(table, this.rng.pick(rows))[column];
  }

  #expressions(table: TableModel, row: Row): Expressions {
    return row.map((text, column) =>
      text === null ? 'NULL' : (table.columns[column]?.literal(text) ?? 'NULL'),
    );
  }

  /** Where the key is a random number, the copy has other keys. */
  #isAddressable(table: TableModel): boolean {
    const columns = keyOf(table)?.columns ?? [];
    const volatile = this.#init.volatile.get(table.name);
    return volatile === undefined || !columns.some((column) => volatile.has(column));
  }
}

/** What rows of the table are told apart by. */
export function keyOf({ columns, keys }: TableModel): KeyModel | undefined {
  return (
    keys.find(({ isPrimary }) => isPrimary) ??
    keys.find((key) => key.columns.every((column) => columns[column]?.isNotNull === true))
  );
}
