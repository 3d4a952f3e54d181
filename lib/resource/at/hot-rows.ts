import type { Clock, LockConflict } from '../../protocol/index.js';

/** A row as undo rows name it. */
export type RowName = Pick<LockConflict, 'table' | 'key'>;

/** What a statement is to somebody who cannot read SQL. */
export interface StatementContent {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * After so long without anybody waiting for it, a row is one like all others. Long enough for those
 * who come in bursts: the first ones of each would all run into the row.
 */
const HOT_MS = 10_000;

/** Texts and values that are remembered; beyond that all are forgotten, and soon known again. */
const REMEMBERED_MAX = 2_000;

/** Values of a statement that are looked at. */
const VALUES_MAX = 8;

/** Where every value has to be the same. */
const WHOLE = -1;

/**
 * Rows that many want at the moment, and which statements want them: those may queue before they
 * begin, instead of running into the row in vain. A wrong guess costs its statement a turn in a
 * queue, and nothing else.
 */
export class HotRows {
  readonly #clock: Clock;
  readonly #rows = new Map<string, { readonly row: RowName; untilMs: number }>();
  /** By text: at which places the key of a hot row was found among the values. */
  readonly #places = new Map<string, Set<number>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The statement has met somebody at the row, or waits for it. */
  met(content: StatementContent, { key, table }: RowName): void {
    if (this.#rows.size >= REMEMBERED_MAX || this.#places.size >= REMEMBERED_MAX) this.#forget();
    const untilMs = this.#clock.monotonicMs() + HOT_MS;
    const place = content.values.slice(0, VALUES_MAX).findIndex((value) => textOf(value) === key);
    const places = this.#places.get(content.text) ?? new Set<number>();
    this.#places.set(content.text, places);
    places.add(place);
    this.#rows.set(nameOf(content, place), { row: { key, table }, untilMs });
  }

  /** The row that the statement most likely wants, if it is one that many want. */
  rowOf(content: StatementContent): RowName | undefined {
    if (this.#rows.size === 0) return undefined;
    for (const place of this.#places.get(content.text) ?? []) {
      const name = nameOf(content, place);
      const found = this.#rows.get(name);
      if (found === undefined) continue;
      if (found.untilMs > this.#clock.monotonicMs()) return found.row;
      this.#rows.delete(name);
    }
    return undefined;
  }

  #forget(): void {
    this.#rows.clear();
    this.#places.clear();
  }
}

function nameOf({ text, values }: StatementContent, place: number): string {
  if (place !== WHOLE) return `${String(place)} ${textOf(values[place])}\n${text}`;
  return `${values.slice(0, VALUES_MAX).map(textOf).join('\n')}\n${text}`;
}

/** Enough to tell values apart; what is no plain value is like any other of its kind. */
function textOf(value: unknown): string {
  const type = typeof value;
  if (type === 'string') return value as string;
  const isPlain = type === 'number' || type === 'bigint' || type === 'boolean';
  return isPlain ? String(value) : type;
}
