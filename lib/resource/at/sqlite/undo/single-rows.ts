import { TRIGGER_PREFIX } from '../agreement.js';
import type { Reference } from '../references.js';
import type { SqliteDatabase } from '../sqlite-database.interface.js';
import type { TableDefinition } from '../table-definition.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, attempt } from './attempt.js';
import { assertNobodyRefers, assertSameReferred, followersOf } from './foreign-rows.js';
import {
  currentImage,
  deleteRow,
  insertRow,
  insistingTrigger,
  updateRow,
} from './row-statements.js';
import type { UndoRow } from './undo-row.js';
import { anyImage } from './undo-row.js';

/** Restores rows each by itself, in the transaction of its connection. */
export class SingleRows {
  readonly #database: SqliteDatabase;
  readonly #references: readonly Reference[];

  constructor(database: SqliteDatabase, references: readonly Reference[]) {
    this.#database = database;
    this.#references = references;
  }

  /** Each by itself, until no further one succeeds. Returns those that have not, and why. */
  restoreWhatGoes(rows: readonly UndoRow[]): ReadonlyMap<UndoRow, Failure> {
    for (let pending = rows; ;) {
      const failures = new Map<UndoRow, Failure>();
      for (const row of pending) {
        const failure = this.attempt('dtx_row', () => {
          this.restore(row);
        });
        if (failure !== undefined) failures.set(row, failure);
      }
      if (failures.size === 0 || failures.size === pending.length) return failures;
      pending = [...failures.keys()];
    }
  }

  /** From whatever there is to the before image. */
  restore(row: UndoRow): void {
    const { before, table } = row;
    const current = this.current(row);
    if (before === undefined) {
      if (current !== undefined) this.delete(row);
      return;
    }
    if (current === undefined) this.change(insertRow(table, before));
    else if (current !== before) this.update(table, current, before);
  }

  /** The same, against a trigger that changes the row while it is restored. */
  insist(row: UndoRow): void {
    const { before, table } = row;
    if (before === undefined || this.current(row) === undefined) {
      this.restore(row);
      return;
    }
    const name = `temp.${TRIGGER_PREFIX}insist`;
    this.#database.exec('PRAGMA recursive_triggers = OFF');
    try {
      this.#database.exec(insistingTrigger(name, table, before));
      this.restore(row);
      this.#database.exec(`DROP TRIGGER ${name}`);
    } finally {
      this.#database.exec('PRAGMA recursive_triggers = ON');
    }
  }

  update(table: TableDefinition, current: string, next: string): void {
    assertNobodyRefers(this.#database, this.#references, { table, current, next });
    this.change(updateRow(table, current, next));
  }

  delete(row: UndoRow): void {
    const { table } = row;
    const current = this.current(row);
    if (current === undefined) return;
    assertNobodyRefers(this.#database, this.#references, { table, current, next: undefined });
    this.change(deleteRow(table, current));
  }

  /** @throws NotRestoredError when it does not meet one row */
  change(sql: string): void {
    const { changes } = this.#database.prepare(sql).run();
    if (Number(changes) !== 1)
      throw new NotRestoredError('a trigger keeps the row from being restored');
  }

  /** A change for a moment, which must not be carried on to rows that refer to this one. */
  changeUnseen(table: TableDefinition, current: string, sql: string): void {
    const followers = followersOf(this.#database, this.#references, { table, current });
    this.change(sql);
    assertSameReferred(this.#database, followers, current);
  }

  /** Its image as it is; undefined where there is no row. */
  current(row: UndoRow): string | undefined {
    return currentImage(this.#database, row.table, anyImage(row));
  }

  /**
   * Does the work behind a savepoint.
   *
   * @returns why it has failed, if it has
   */
  attempt(savepoint: string, work: () => void): Failure | undefined {
    return attempt(this.#database, savepoint, work);
  }
}
