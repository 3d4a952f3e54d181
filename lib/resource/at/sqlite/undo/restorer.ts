import type { Reference } from '../references.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, OUT_OF_ORDER } from './attempt.js';
import { EntangledRows } from './entangled-rows.js';
import { SingleRows } from './single-rows.js';
import type { UndoRow } from './undo-row.js';

/** Why a row could not be restored, by row. */
export type Failures = ReadonlyMap<UndoRow, string>;

/** Triggers that change restored rows again are answered this often. */
const SETTLE_PASSES_MAX = 3;

/** How often the careful way starts again, in another order or without rows that stay. */
const ROUNDS_MAX = 6;

const RESTORED_OTHERWISE = 'a trigger of the table changes the row while it is being restored';

/**
 * Gives rows their before images, in the transaction of its connection. Rows come in the reverse
 * order of their changes. Nearly always that order is right.
 *
 * It can be wrong: the undo row of a row that was changed twice has the place of the first change,
 * unique values can have been swapped, and what a trigger changes can be recorded before the row
 * that fires it, so that a sum which is restored first would go too far. Then the order of the
 * changes is tried, then each row by itself until no further one succeeds, and those that remain
 * all at once, or first without their unique values or references.
 */
export class Restorer {
  readonly #rows: SingleRows;
  readonly #entangled: EntangledRows;

  constructor(database: SqliteDatabase, references: readonly Reference[]) {
    this.#rows = new SingleRows(database, references);
    this.#entangled = new EntangledRows(references, this.#rows);
  }

  /**
   * @param settled rows that have their before image, for as long as no trigger changes them
   * @returns the rows that do not have their before image, and why
   */
  restore(rows: readonly UndoRow[], settled: readonly UndoRow[] = []): Failures {
    if (rows.length === 0) return new Map();
    const failure = this.#restoreAll(rows, settled);
    if (failure === undefined) return new Map();
    const isOfOrder = failure.reason !== RESTORED_OTHERWISE;
    if (isOfOrder && this.#restoreAll(rows.toReversed(), settled) === undefined) return new Map();
    return this.#restoreCarefully(rows, settled);
  }

  #restoreAll(rows: readonly UndoRow[], settled: readonly UndoRow[]): Failure | undefined {
    return this.#rows.attempt('dtx_all', () => {
      for (const row of rows) this.#rows.restore(row);
      const [reason] = this.#settle([...rows, ...settled]).values();
      if (reason !== undefined) throw new NotRestoredError(reason);
    });
  }

  #restoreCarefully(rows: readonly UndoRow[], settled: readonly UndoRow[]): Failures {
    const left = new Map<UndoRow, string>();
    let order = rows;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const todo = order.filter((row) => !left.has(row));
      const isLastOrder = order !== rows;
      let stuck: Failures = new Map();
      let unsettled: Failures = new Map();
      const failure = this.#rows.attempt('dtx_round', () => {
        stuck = this.#restoreOneByOne(todo);
        const restored = [...todo, ...settled].filter((row) => !stuck.has(row) && !left.has(row));
        unsettled = this.#settle(restored);
        if (unsettled.size > 0) throw new NotRestoredError(RESTORED_OTHERWISE);
        if (stuck.size > 0 && !isLastOrder) throw new NotRestoredError(OUT_OF_ORDER);
      });
      if (failure === undefined) return new Map([...left, ...stuck]);
      for (const [row, reason] of unsettled) left.set(row, reason);
      // Whoever comes too late for a trigger or a check comes first.
      if (unsettled.size === 0) order = [...stuck.keys(), ...todo.filter((row) => !stuck.has(row))];
    }
    for (const row of rows) if (!left.has(row)) left.set(row, RESTORED_OTHERWISE);
    return left;
  }

  #restoreOneByOne(rows: readonly UndoRow[]): Failures {
    for (let pending = rows; ;) {
      const failures = new Map(this.#rows.restoreWhatGoes(pending));
      if (failures.size === 0) return new Map();
      const stuck = [...failures.keys()];
      pending = stuck;
      if (this.#entangled.moveBack(stuck)) continue;
      for (const way of ['replaceAll', 'makeRoom', 'untie'] as const) {
        for (const row of this.#entangled[way](failures)) failures.delete(row);
      }
      // Those that are left may have waited for one that is restored now.
      if (failures.size === stuck.length) {
        return new Map([...failures].map(([row, { reason }]) => [row, reason]));
      }
      pending = [...failures.keys()];
    }
  }

  /**
   * Restores rows again that were changed by triggers, of their own or of other rows.
   *
   * @returns the rows that will not keep their before image, and why
   */
  #settle(rows: readonly UndoRow[]): Failures {
    let reasons = new Map<UndoRow, string>();
    for (let pass = 0; ; pass += 1) {
      const unsettled = rows.filter((row) => this.#rows.current(row) !== row.before);
      if (unsettled.length === 0 || pass === SETTLE_PASSES_MAX) {
        return new Map(unsettled.map((row) => [row, reasons.get(row) ?? RESTORED_OTHERWISE]));
      }
      reasons = new Map();
      for (const row of unsettled) {
        const failure = this.#rows.attempt('dtx_row', () => {
          this.#rows.insist(row);
        });
        if (failure !== undefined) reasons.set(row, failure.reason);
      }
    }
  }
}
