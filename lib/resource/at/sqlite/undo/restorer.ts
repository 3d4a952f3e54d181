import type { Reference } from '../references.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';
import type { TableDefinition } from '../table-definition.js';
import { TRIGGER_PREFIX } from '../agreement.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, attempt } from './attempt.js';
import { assertNobodyRefers } from './foreign-rows.js';
import { looseImage } from './loose-image.js';
import { referredValues } from './referred-values.js';
import {
  currentImage,
  deleteRow,
  insertRow,
  insistingTrigger,
  updateRow,
} from './row-statements.js';
import type { UndoRow } from './undo-row.js';
import { anyImage } from './undo-row.js';

/** Why a row could not be restored, by row. */
export type Failures = ReadonlyMap<UndoRow, string>;

/** Triggers that change restored rows again are answered this often. */
const SETTLE_PASSES_MAX = 3;

/** How often the careful way starts again, in another order or without rows that stay. */
const ROUNDS_MAX = 6;

const OUT_OF_ORDER = 'rows stand in the way of each other';

const RESTORED_OTHERWISE = 'a trigger of the table changes the row while it is being restored';

/**
 * Gives rows their before images, in the transaction of its connection. Rows come in the reverse
 * order of their changes. Nearly always that order is right.
 *
 * It can be wrong: the undo row of a row that was changed twice has the place of the first change,
 * unique values can have been swapped, and what a trigger changes can be recorded before the row
 * that fires it, so that a sum which is restored first would go too far. Then the order of the
 * changes is tried, then each row by itself until no further one succeeds, and those that remain
 * all at once, or first without their references.
 */
export class Restorer {
  readonly #database: SqliteDatabase;
  readonly #references: readonly Reference[];

  constructor(database: SqliteDatabase, references: readonly Reference[]) {
    this.#database = database;
    this.#references = references;
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
    return this.#attempt('dtx_all', () => {
      for (const row of rows) this.#restoreRow(row);
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
      const failure = this.#attempt('dtx_round', () => {
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
      const failures = this.#restoreWhatGoes(pending);
      if (failures.size === 0) return new Map();
      pending = [...failures.keys()];
      if (this.#moveBack(pending)) continue;
      const reasons = this.#restoreAtOnce(failures);
      const left = new Map([...failures].filter(([row]) => reasons.has(row)));
      for (const row of this.#untie(left)) reasons.delete(row);
      return reasons;
    }
  }

  /** Each by itself, until no further one succeeds. Returns those that have not, and why. */
  #restoreWhatGoes(rows: readonly UndoRow[]): ReadonlyMap<UndoRow, Failure> {
    for (let pending = rows; ;) {
      const failures = new Map<UndoRow, Failure>();
      for (const row of pending) {
        const failure = this.#attempt('dtx_row', () => {
          this.#restoreRow(row);
        });
        if (failure !== undefined) failures.set(row, failure);
      }
      if (failures.size === 0 || failures.size === pending.length) return failures;
      pending = [...failures.keys()];
    }
  }

  /**
   * For rows that refer to each other in a circle: those that go lose their references first, and
   * those that come back come without them. For no other reason, since that would get round a
   * trigger that looks at the reference.
   *
   * @returns those that are restored
   */
  #untie(failures: ReadonlyMap<UndoRow, Failure>): readonly UndoRow[] {
    const found = [...failures];
    if (!found.some(([, { isByReference }]) => isByReference)) return [];
    let tied = found.flatMap(([row, { isByReference, isUniqueViolation }]) =>
      isByReference || isUniqueViolation ? [row] : [],
    );
    while (tied.length > 0) {
      let stuck: readonly UndoRow[] = [];
      const all = tied;
      const failure = this.#attempt('dtx_circle', () => {
        stuck = this.#restoreLoose(all);
        // A row that stays for another reason must keep its references.
        if (stuck.length > 0) throw new NotRestoredError(OUT_OF_ORDER);
      });
      if (failure === undefined) return tied;
      if (stuck.length === 0) return [];
      tied = tied.filter((row) => !stuck.includes(row));
    }
    return [];
  }

  /** By turns, since one that goes may make room for another. Returns those that are left. */
  #restoreLoose(rows: readonly UndoRow[]): readonly UndoRow[] {
    for (let pending = rows; ;) {
      const loosened = pending.filter((row) => this.#loosen(row));
      const rest = [...this.#restoreWhatGoes(pending).keys()];
      const isStuck = rest.length === pending.length && loosened.length === 0;
      if (rest.length === 0 || isStuck) return rest;
      pending = rest;
    }
  }

  /** @returns whether it is without references now, and was not before */
  #loosen(row: UndoRow): boolean {
    const { before, table } = row;
    const current = this.#current(row);
    const image = before ?? current;
    if (image === undefined || (before !== undefined && current !== undefined)) return false;
    const loose = looseImage(table, image);
    if (loose === undefined) return false;
    const failure = this.#attempt('dtx_row', () => {
      if (current === undefined) this.#change(insertRow(table, loose));
      else this.#update(table, current, loose);
    });
    return failure === undefined;
  }

  /**
   * For rows whose key was changed, and to which others refer by another unique key: such a row
   * cannot go, not even for a moment, so it is given its old key.
   *
   * @returns whether one was
   */
  #moveBack(rows: readonly UndoRow[]): boolean {
    const sources = new Map<string, UndoRow>();
    for (const row of rows) {
      const current = this.#current(row);
      if (current === undefined || current === row.before) continue;
      for (const name of referredValues(this.#references, row.table, current))
        sources.set(name, row);
    }
    const moved = rows.filter((row) => {
      if (row.before === undefined || this.#current(row) !== undefined) return false;
      const [source] = referredValues(this.#references, row.table, row.before).flatMap(
        (name) => sources.get(name) ?? [],
      );
      return source !== undefined && this.#move(source, row.before);
    });
    return moved.length > 0;
  }

  #move(source: UndoRow, image: string): boolean {
    const failure = this.#attempt('dtx_row', () => {
      const current = this.#current(source);
      if (current !== undefined) this.#update(source.table, current, image);
    });
    return failure === undefined;
  }

  /**
   * For rows that wait for each other's unique values: all of them go, and come back. For no other
   * reason, since that would get round a trigger that forbids an update.
   */
  #restoreAtOnce(failures: ReadonlyMap<UndoRow, Failure>): Map<UndoRow, string> {
    const reasons = new Map([...failures].map(([row, { reason }]) => [row, reason]));
    const rows = [...failures].flatMap(([row, { isUniqueViolation }]) =>
      isUniqueViolation ? [row] : [],
    );
    const failure = this.#attempt('dtx_row', () => {
      for (const row of rows) if (this.#current(row) !== undefined) this.#delete(row);
      for (const row of rows) this.#restoreRow(row);
    });
    if (failure === undefined) for (const row of rows) reasons.delete(row);
    return reasons;
  }

  /**
   * Restores rows again that were changed by triggers, of their own or of other rows.
   *
   * @returns the rows that will not keep their before image, and why
   */
  #settle(rows: readonly UndoRow[]): Failures {
    let reasons = new Map<UndoRow, string>();
    for (let pass = 0; ; pass += 1) {
      const unsettled = rows.filter((row) => this.#current(row) !== row.before);
      if (unsettled.length === 0 || pass === SETTLE_PASSES_MAX) {
        return new Map(unsettled.map((row) => [row, reasons.get(row) ?? RESTORED_OTHERWISE]));
      }
      reasons = new Map();
      for (const row of unsettled) {
        const failure = this.#attempt('dtx_row', () => {
          this.#insist(row);
        });
        if (failure !== undefined) reasons.set(row, failure.reason);
      }
    }
  }

  #insist(row: UndoRow): void {
    const { before, table } = row;
    if (before === undefined || this.#current(row) === undefined) {
      this.#restoreRow(row);
      return;
    }
    const name = `temp.${TRIGGER_PREFIX}insist`;
    this.#database.exec('PRAGMA recursive_triggers = OFF');
    try {
      this.#database.exec(insistingTrigger(name, table, before));
      this.#restoreRow(row);
      this.#database.exec(`DROP TRIGGER ${name}`);
    } finally {
      this.#database.exec('PRAGMA recursive_triggers = ON');
    }
  }

  /** From whatever there is to the before image. */
  #restoreRow(row: UndoRow): void {
    const { before, table } = row;
    const current = this.#current(row);
    if (before === undefined) {
      if (current !== undefined) this.#delete(row);
      return;
    }
    if (current === undefined) this.#change(insertRow(table, before));
    else if (current !== before) this.#update(table, current, before);
  }

  #update(table: TableDefinition, current: string, next: string): void {
    assertNobodyRefers(this.#database, this.#references, { table, current, next });
    this.#change(updateRow(table, current, next));
  }

  #delete(row: UndoRow): void {
    const { table } = row;
    const current = this.#current(row);
    if (current === undefined) return;
    assertNobodyRefers(this.#database, this.#references, { table, current, next: undefined });
    this.#change(deleteRow(table, current));
  }

  #change(sql: string): void {
    const { changes } = this.#database.prepare(sql).run();
    if (Number(changes) !== 1)
      throw new NotRestoredError('a trigger keeps the row from being restored');
  }

  #current(row: UndoRow): string | undefined {
    return currentImage(this.#database, row.table, anyImage(row));
  }

  #attempt(savepoint: string, work: () => void): Failure | undefined {
    return attempt(this.#database, savepoint, work);
  }
}
