import type { Reference } from '../references.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';
import { TRIGGER_PREFIX } from '../agreement.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, attempt } from './attempt.js';
import { assertNobodyRefers } from './foreign-rows.js';
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

/** How often the careful way starts again without the rows that it could not give back. */
const ROUNDS_MAX = 5;

const RESTORED_OTHERWISE = 'a trigger of the table changes the row while it is being restored';

/**
 * Gives rows their before images, in the transaction of its connection. Rows come in the reverse
 * order of their changes. Nearly always that order is right.
 *
 * It can be wrong, since the undo row of a row that was changed twice has the place of the first
 * change, and since unique values can have been swapped. Then each row is tried by itself until no
 * further one succeeds, and those that remain all at once.
 */
export class Restorer {
  readonly #database: SqliteDatabase;
  readonly #references: readonly Reference[];

  constructor(database: SqliteDatabase, references: readonly Reference[]) {
    this.#database = database;
    this.#references = references;
  }

  /** @returns the rows that are as they were, and why; all others have their before image */
  restore(rows: readonly UndoRow[]): Failures {
    if (rows.length === 0) return new Map();
    const failure = this.#attempt('dtx_all', () => {
      for (const row of rows) this.#restoreRow(row);
      if (this.#settle(rows).length > 0) throw new NotRestoredError(RESTORED_OTHERWISE);
    });
    return failure === undefined ? new Map() : this.#restoreCarefully(rows);
  }

  #restoreCarefully(rows: readonly UndoRow[]): Failures {
    const left = new Map<UndoRow, string>();
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const todo = rows.filter((row) => !left.has(row));
      let stuck: Failures = new Map();
      let unsettled: readonly UndoRow[] = [];
      const failure = this.#attempt('dtx_round', () => {
        stuck = this.#restoreOneByOne(todo);
        unsettled = this.#settle(todo.filter((row) => !stuck.has(row)));
        if (unsettled.length > 0) throw new NotRestoredError(RESTORED_OTHERWISE);
      });
      if (failure === undefined) return new Map([...left, ...stuck]);
      for (const row of unsettled.length > 0 ? unsettled : todo) left.set(row, failure.reason);
    }
    for (const row of rows) if (!left.has(row)) left.set(row, RESTORED_OTHERWISE);
    return left;
  }

  #restoreOneByOne(rows: readonly UndoRow[]): Failures {
    for (let pending = rows; ;) {
      const failures = new Map<UndoRow, Failure>();
      for (const row of pending) {
        const failure = this.#attempt('dtx_row', () => {
          this.#restoreRow(row);
        });
        if (failure !== undefined) failures.set(row, failure);
      }
      if (failures.size === 0) return new Map();
      if (failures.size === pending.length) return this.#restoreAtOnce(failures);
      pending = [...failures.keys()];
    }
  }

  /**
   * For rows that wait for each other's unique values: all of them go, and come back. For no other
   * reason, since that would get round a trigger that forbids an update.
   */
  #restoreAtOnce(failures: ReadonlyMap<UndoRow, Failure>): Failures {
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
   * @returns the rows that will not keep their before image
   */
  #settle(rows: readonly UndoRow[]): readonly UndoRow[] {
    for (let pass = 0; ; pass += 1) {
      const unsettled = rows.filter((row) => this.#current(row) !== row.before);
      if (unsettled.length === 0 || pass === SETTLE_PASSES_MAX) return unsettled;
      for (const row of unsettled) this.#insist(row);
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
    if (current === undefined) {
      this.#change(insertRow(table, before));
      return;
    }
    assertNobodyRefers(this.#database, this.#references, { table, current, next: before });
    this.#change(updateRow(table, current, before));
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
