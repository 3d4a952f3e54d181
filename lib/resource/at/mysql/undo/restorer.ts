import { failpoint } from '../../../../system/index.js';
import type { SqlSession } from '../../at-engine.interface.js';
import type { TableDefinition } from '../table-definition.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, attempt } from './attempt.js';
import { readRows } from './read-rows.js';
import type { RestoreAction } from './restore-statement.js';
import { actionFor, restoreStatement } from './restore-statement.js';
import type { UndoRow } from './undo-row.js';

/** Why a row could not be restored, by row. */
type Failures = ReadonlyMap<UndoRow, string>;

/** Triggers that change restored rows again are answered this often. */
const SETTLE_PASSES_MAX = 3;

/** How often the careful way starts again without the rows that it could not give back. */
const ROUNDS_MAX = 5;

const RESTORED_OTHERWISE = 'a trigger of the table changes the row while it is being restored';

const HELD_BACK =
  'rows that are not part of the transaction refer to it by a foreign key that cascades';

/**
 * Gives rows their before images, in the transaction of its session. Rows come in the reverse order
 * of their changes. Nearly always that order is right.
 *
 * It can be wrong, since the undo row of a row that was changed twice has the place of the first
 * change, and since unique values can have been swapped. Then each row is tried by itself until no
 * further one succeeds, and those that remain all at once.
 */
export class Restorer {
  readonly #session: SqlSession;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  /** @returns the rows that are as they were, and why; all others have their before image */
  async restore(rows: readonly UndoRow[]): Promise<Failures> {
    if (rows.length === 0) return new Map();
    const failure = await attempt(this.#session, 'dtx_all', async () => {
      for (const row of rows) await this.#do(row, firstAction(row));
      if ((await this.#settle(rows)).length > 0) throw new NotRestoredError(RESTORED_OTHERWISE);
    });
    return failure === undefined ? new Map() : this.#restoreCarefully(rows);
  }

  async #restoreCarefully(rows: readonly UndoRow[]): Promise<Failures> {
    const left = new Map<UndoRow, string>();
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const todo = rows.filter((row) => !left.has(row));
      const found = { stuck: new Map() as Failures, unsettled: [] as readonly UndoRow[] };
      const failure = await attempt(this.#session, 'dtx_round', async () => {
        found.stuck = await this.#restoreOneByOne(todo);
        found.unsettled = await this.#settle(todo.filter((row) => !found.stuck.has(row)));
        if (found.unsettled.length > 0) throw new NotRestoredError(RESTORED_OTHERWISE);
      });
      if (failure === undefined) return new Map([...left, ...found.stuck]);
      const given = found.unsettled.length > 0 ? found.unsettled : todo;
      for (const row of given) left.set(row, failure.reason);
    }
    for (const row of rows) if (!left.has(row)) left.set(row, RESTORED_OTHERWISE);
    return left;
  }

  async #restoreOneByOne(rows: readonly UndoRow[]): Promise<Failures> {
    for (let pending = rows; ;) {
      const failures = new Map<UndoRow, Failure>();
      for (const row of pending) {
        const failure = await this.#try(() => this.#do(row, firstAction(row)));
        if (failure !== undefined) failures.set(row, failure);
      }
      if (failures.size === 0) return new Map();
      if (failures.size === pending.length) {
        if (await this.#replaceAll(pending, failures)) return new Map();
        return new Map([...failures].map(([row, { reason }]) => [row, reason]));
      }
      pending = [...failures.keys()];
    }
  }

  /**
   * For rows that wait for each other because of unique values: all of them go, and come back as
   * they were. For no other reason, since that would get round a trigger that forbids an update.
   */
  async #replaceAll(
    rows: readonly UndoRow[],
    failures: ReadonlyMap<UndoRow, Failure>,
  ): Promise<boolean> {
    if (![...failures.values()].some(({ isUniqueViolation }) => isUniqueViolation)) return false;
    const failure = await this.#try(async () => {
      for (const row of rows) if (row.after !== null) await this.#do(row, 'delete');
      for (const row of rows) if (row.before !== null) await this.#do(row, 'insert');
    });
    return failure === undefined;
  }

  /**
   * Restores rows again that were changed by triggers of other rows.
   *
   * @returns the rows that will not keep their before image
   */
  async #settle(rows: readonly UndoRow[]): Promise<readonly UndoRow[]> {
    for (let pass = 0; ; pass += 1) {
      const now = await this.#imagesOf(rows);
      const other = rows.filter((row) => now.get(row) !== row.before);
      if (other.length === 0 || pass === SETTLE_PASSES_MAX) return other;
      for (const row of other) await this.#do(row, actionFor(now.get(row) !== null, row));
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

  async #do(row: UndoRow, action: RestoreAction): Promise<void> {
    const { sql, values } = restoreStatement(row, action);
    const { rowCount } = await this.#session.query(sql, values);
    failpoint('at.undo.row');
    if (rowCount === 0) throw new NotRestoredError(HELD_BACK);
  }

  #try(work: () => Promise<void>): Promise<Failure | undefined> {
    return attempt(this.#session, 'dtx_row', work);
  }
}

const firstAction = (row: UndoRow): RestoreAction => actionFor(row.after !== null, row);
