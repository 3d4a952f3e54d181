import type { Reference } from '../references.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, OUT_OF_ORDER } from './attempt.js';
import { looseImage } from './loose-image.js';
import { referredValues } from './referred-values.js';
import { roomStatements } from './room-statements.js';
import { insertRow } from './row-statements.js';
import type { SingleRows } from './single-rows.js';
import type { UndoRow } from './undo-row.js';

/** What is left of some rows, and why each of them could not be restored by itself. */
type Failed = ReadonlyMap<UndoRow, Failure>;

/** How often rows give up their unique values. */
const ROUNDS_MAX = 3;

/** Ways to restore rows that stand in the way of each other, whatever their order. */
export class EntangledRows {
  readonly #references: readonly Reference[];
  readonly #rows: SingleRows;

  constructor(references: readonly Reference[], rows: SingleRows) {
    this.#references = references;
    this.#rows = rows;
  }

  /**
   * For rows whose key was changed, and to which others refer by another unique key: such a row
   * cannot go, not even for a moment, so it is given its old key.
   *
   * @returns whether one was
   */
  moveBack(rows: readonly UndoRow[]): boolean {
    const sources = new Map<string, UndoRow>();
    for (const row of rows) {
      const current = this.#rows.current(row);
      if (current === undefined || current === row.before) continue;
      for (const name of referredValues(this.#references, row.table, current))
        sources.set(name, row);
    }
    const moved = rows.filter((row) => {
      if (row.before === undefined || this.#rows.current(row) !== undefined) return false;
      const [source] = referredValues(this.#references, row.table, row.before).flatMap(
        (name) => sources.get(name) ?? [],
      );
      return source !== undefined && this.#move(source, row.before);
    });
    return moved.length > 0;
  }

  /**
   * For rows that wait for each other's unique values: all of them go, and come back. For no other
   * reason, since that would get round a trigger that forbids an update.
   *
   * @returns those that are restored
   */
  replaceAll(failures: Failed): readonly UndoRow[] {
    const rows = [...failures].flatMap(([row, { isUniqueViolation }]) =>
      isUniqueViolation ? [row] : [],
    );
    const failure = this.#rows.attempt('dtx_row', () => {
      for (const row of rows) if (this.#rows.current(row) !== undefined) this.#rows.delete(row);
      for (const row of rows) this.#rows.restore(row);
    });
    return failure === undefined ? rows : [];
  }

  /**
   * For rows that wait for each other's unique values and cannot go for a moment, since others
   * refer to them: they give those values up, for NULL or for spare ones. Those that only go when
   * nobody refers to them any more may have such a value, too.
   *
   * @returns those that are restored
   */
  makeRoom(failures: Failed): readonly UndoRow[] {
    if (![...failures.values()].some(({ isUniqueViolation }) => isUniqueViolation)) return [];
    return this.#together(waiting(failures), (some) => {
      let rest = some;
      // A spare value may be the very one that another of them needs; the next one is another.
      for (let round = 0; round < ROUNDS_MAX && rest.length > 0; round += 1) {
        for (const row of rest) this.#giveUpValues(row);
        rest = [...this.#rows.restoreWhatGoes(rest).keys()];
      }
      return rest;
    });
  }

  /**
   * For rows that refer to each other in a circle: those that go lose their references first, and
   * those that come back come without them. For no other reason, since that would get round a
   * trigger that looks at the reference.
   *
   * @returns those that are restored
   */
  untie(failures: Failed): readonly UndoRow[] {
    if (![...failures.values()].some(({ isByReference }) => isByReference)) return [];
    return this.#together(waiting(failures), (rows) => this.#restoreLoose(rows));
  }

  #move(source: UndoRow, image: string): boolean {
    const failure = this.#rows.attempt('dtx_row', () => {
      const current = this.#rows.current(source);
      if (current !== undefined) this.#rows.update(source.table, current, image);
    });
    return failure === undefined;
  }

  #giveUpValues(row: UndoRow): void {
    const image = this.#rows.current(row);
    if (image === undefined) return;
    for (const statements of roomStatements(row, image)) {
      for (const statement of statements) {
        const current = this.#rows.current(row) ?? image;
        this.#rows.attempt('dtx_row', () => {
          this.#rows.changeUnseen(row.table, current, statement(current));
        });
        // The largest numbers stay what they are, whatever is added to them.
        if (this.#rows.current(row) !== current) break;
      }
    }
  }

  /** By turns, since one that goes may make room for another. Returns those that are left. */
  #restoreLoose(rows: readonly UndoRow[]): readonly UndoRow[] {
    for (let pending = rows; ;) {
      const loosened = pending.filter((row) => this.#loosen(row));
      const rest = [...this.#rows.restoreWhatGoes(pending).keys()];
      const isStuck = rest.length === pending.length && loosened.length === 0;
      if (rest.length === 0 || isStuck) return rest;
      pending = rest;
    }
  }

  /** @returns whether it is without references now, and was not before */
  #loosen(row: UndoRow): boolean {
    const { before, table } = row;
    const current = this.#rows.current(row);
    const image = before ?? current;
    if (image === undefined || (before !== undefined && current !== undefined)) return false;
    const loose = looseImage(table, image);
    if (loose === undefined) return false;
    const failure = this.#rows.attempt('dtx_row', () => {
      if (current === undefined) this.#rows.change(insertRow(table, loose));
      else this.#rows.update(table, current, loose);
    });
    return failure === undefined;
  }

  /**
   * Restores as many of the rows as can be restored with each other, or none.
   *
   * @param restore returns those that it could not restore
   * @returns those that are restored
   */
  #together(
    rows: readonly UndoRow[],
    restore: (rows: readonly UndoRow[]) => readonly UndoRow[],
  ): readonly UndoRow[] {
    for (let some = rows; some.length > 0;) {
      let stuck: readonly UndoRow[] = [];
      const all = some;
      const failure = this.#rows.attempt('dtx_some', () => {
        stuck = restore(all);
        // A row that stays for another reason must keep what it has.
        if (stuck.length > 0) throw new NotRestoredError(OUT_OF_ORDER);
      });
      if (failure === undefined) return some;
      if (stuck.length === 0) return [];
      some = some.filter((row) => !stuck.includes(row));
    }
    return [];
  }
}

/** Those that stay because of other rows. */
const waiting = (failures: Failed): readonly UndoRow[] =>
  [...failures].flatMap(([row, { isByReference, isUniqueViolation }]) =>
    isByReference || isUniqueViolation ? [row] : [],
  );
