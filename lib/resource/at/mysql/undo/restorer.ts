import type { SqlSession } from '../../at-engine.interface.js';
import type { TableDefinition } from '../table-definition.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, OUT_OF_ORDER, attempt } from './attempt.js';
import { EntangledRows } from './entangled-rows.js';
import { readRows } from './read-rows.js';
import type { RestoreAction } from './restore-statement.js';
import { actionFor } from './restore-statement.js';
import type { Pending } from './single-rows.js';
import { SingleRows } from './single-rows.js';
import type { UndoRow } from './undo-row.js';
import { hasImage } from './undo-row.js';

/** Why a row could not be restored, by row. */
type Failures = ReadonlyMap<UndoRow, string>;

/** Triggers that change restored rows again are answered this often. */
const SETTLE_PASSES_MAX = 3;

/** How often the careful way starts again, in another order or without rows that stay. */
const ROUNDS_MAX = 6;

const RESTORED_OTHERWISE = 'a trigger of the table changes the row while it is being restored';

/**
 * Gives rows their before images, in the transaction of its session. Rows come in the reverse order
 * of their changes. Nearly always that order is right.
 *
 * It can be wrong: the undo row of a row that was changed twice has the place of the first change,
 * unique values can have been swapped, and what a trigger changes can be recorded before the row
 * that fires it, so that a sum which is restored first would go too far. Then the order of the
 * changes is tried, then each row by itself until no further one succeeds, and those that remain
 * all at once, or first without their unique values or references.
 */
export class Restorer {
  readonly #session: SqlSession;
  readonly #rows: SingleRows;
  readonly #entangled: EntangledRows;

  constructor(session: SqlSession) {
    this.#session = session;
    this.#rows = new SingleRows(session);
    this.#entangled = new EntangledRows(session, this.#rows);
  }

  /**
   * @param settled rows that have their before image, for as long as no trigger changes them
   * @returns the rows that do not have their before image, and why
   */
  async restore(rows: readonly UndoRow[], settled: readonly UndoRow[] = []): Promise<Failures> {
    if (rows.length === 0) return new Map();
    const watched = settled.filter(hasImage);
    const failure = await this.#restoreAll(rows, watched);
    if (failure === undefined) return new Map();
    const isOfOrder = failure.reason !== RESTORED_OTHERWISE;
    if (isOfOrder && (await this.#restoreAll(rows.toReversed(), watched)) === undefined) {
      return new Map();
    }
    return this.#restoreCarefully(rows, watched);
  }

  #restoreAll(rows: readonly UndoRow[], settled: readonly UndoRow[]): Promise<Failure | undefined> {
    return attempt(this.#session, 'dtx_all', async () => {
      for (const row of rows) await this.#rows.do(row, firstAction(row));
      const [reason] = (await this.#settle([...rows, ...settled])).values();
      if (reason !== undefined) throw new NotRestoredError(reason);
    });
  }

  async #restoreCarefully(
    rows: readonly UndoRow[],
    settled: readonly UndoRow[],
  ): Promise<Failures> {
    const left = new Map<UndoRow, string>();
    let order = rows;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const todo = order.filter((row) => !left.has(row));
      const isLastOrder = order !== rows;
      const found = { stuck: new Map() as Failures, unsettled: new Map() as Failures };
      const failure = await attempt(this.#session, 'dtx_round', async () => {
        found.stuck = await this.#restoreOneByOne(todo);
        const isDone = (row: UndoRow): boolean => !found.stuck.has(row) && !left.has(row);
        found.unsettled = await this.#settle([...todo, ...settled].filter(isDone));
        if (found.unsettled.size > 0) throw new NotRestoredError(RESTORED_OTHERWISE);
        if (found.stuck.size > 0 && !isLastOrder) throw new NotRestoredError(OUT_OF_ORDER);
      });
      const { stuck, unsettled } = found;
      if (failure === undefined) return new Map([...left, ...stuck]);
      for (const [row, reason] of unsettled) left.set(row, reason);
      // Whoever comes too late for a trigger or a check comes first.
      if (unsettled.size === 0) order = [...stuck.keys(), ...todo.filter((row) => !stuck.has(row))];
    }
    for (const row of rows) if (!left.has(row)) left.set(row, RESTORED_OTHERWISE);
    return left;
  }

  async #restoreOneByOne(rows: readonly UndoRow[]): Promise<Failures> {
    for (let pending: readonly Pending[] = rows.map(asLeft); ;) {
      const failures = await this.#rows.restoreWhatGoes(pending);
      if (failures.size === 0) return new Map();
      const stuck = [...failures.keys()];
      const rest = await this.#entangled.moveBack(stuck);
      if (rest.length < stuck.length) {
        pending = rest;
        continue;
      }
      if (await this.#entangled.replaceAll(stuck, failures)) return new Map();
      for (const one of await this.#entangled.makeRoom(failures)) failures.delete(one);
      for (const one of await this.#entangled.untie(failures)) failures.delete(one);
      // Those that are left may have waited for one that is restored now.
      if (failures.size === stuck.length) {
        return new Map([...failures].map(([{ row }, { reason }]) => [row, reason]));
      }
      pending = [...failures.keys()];
    }
  }

  /**
   * Restores rows again that were changed by triggers of other rows.
   *
   * @returns the rows that will not keep their before image, and why
   */
  async #settle(rows: readonly UndoRow[]): Promise<Failures> {
    let reasons = new Map<UndoRow, string>();
    for (let pass = 0; ; pass += 1) {
      const now = await this.#imagesOf(rows);
      const other = rows.filter((row) => now.get(row) !== row.before);
      if (other.length === 0 || pass === SETTLE_PASSES_MAX) {
        return new Map(other.map((row) => [row, reasons.get(row) ?? RESTORED_OTHERWISE]));
      }
      reasons = new Map();
      for (const row of other) {
        const action = actionFor(now.get(row) !== null, row);
        const failure = await this.#rows.attempt(() => this.#rows.insist(row, action));
        if (failure !== undefined) reasons.set(row, failure.reason);
      }
    }
  }

  async #imagesOf(rows: readonly UndoRow[]): Promise<ReadonlyMap<UndoRow, string | null>> {
    const images = new Map<UndoRow, string | null>();
    for (const table of new Set<TableDefinition>(rows.map((row) => row.table))) {
      const own = rows.filter((row) => row.table === table);
      const found = await readRows(this.#session, table, own, '');
      for (const row of own) images.set(row, found.get(row.pk) ?? null);
    }
    return images;
  }
}

const firstAction = (row: UndoRow): RestoreAction => actionFor(row.after !== null, row);

const asLeft = (row: UndoRow): Pending => ({ row, now: row.after });
