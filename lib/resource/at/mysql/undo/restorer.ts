import { failpoint } from '../../../../system/index.js';
import type { SqlSession } from '../../at-engine.interface.js';
import type { TableDefinition } from '../table-definition.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, attempt } from './attempt.js';
import { looseImage } from './loose-image.js';
import { readRows } from './read-rows.js';
import { referredValues } from './referred-values.js';
import { respelledImage } from './respelling.js';
import type { RestoreAction } from './restore-statement.js';
import { actionFor, restoreStatement } from './restore-statement.js';
import type { UndoRow } from './undo-row.js';
import { hasImage } from './undo-row.js';

/** Why a row could not be restored, by row. */
type Failures = ReadonlyMap<UndoRow, string>;

/** Triggers that change restored rows again are answered this often. */
const SETTLE_PASSES_MAX = 3;

/** How often the careful way starts again, in another order or without rows that stay. */
const ROUNDS_MAX = 6;

const OUT_OF_ORDER = 'rows stand in the way of each other';

const RESTORED_OTHERWISE = 'a trigger of the table changes the row while it is being restored';

const HELD_BACK =
  'rows that are not part of the transaction refer to it by a foreign key that cascades';

/**
 * Gives rows their before images, in the transaction of its session. Rows come in the reverse order
 * of their changes. Nearly always that order is right.
 *
 * It can be wrong: the undo row of a row that was changed twice has the place of the first change,
 * unique values can have been swapped, and what a trigger changes can be recorded before the row
 * that fires it, so that a sum which is restored first would go too far. Then the order of the
 * changes is tried, then each row by itself until no further one succeeds, and those that remain
 * all at once, or first without their references.
 */
export class Restorer {
  readonly #session: SqlSession;

  constructor(session: SqlSession) {
    this.#session = session;
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
      for (const row of rows) await this.#do(row, firstAction(row));
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
      const failures = await this.#restoreWhatGoes(pending);
      if (failures.size === 0) return new Map();
      const stuck = [...failures.keys()];
      const rest = await this.#moveBack(stuck);
      if (rest.length < stuck.length) {
        pending = rest;
        continue;
      }
      if (await this.#replaceAll(stuck, failures)) return new Map();
      for (const one of await this.#untie(failures)) failures.delete(one);
      return new Map([...failures].map(([{ row }, { reason }]) => [row, reason]));
    }
  }

  /** Each by itself, until no further one succeeds. Returns those that have not, and why. */
  async #restoreWhatGoes(rows: readonly Pending[]): Promise<Map<Pending, Failure>> {
    for (let pending = rows; ;) {
      const failures = new Map<Pending, Failure>();
      for (const one of pending) {
        const row = { ...one.row, after: one.now };
        const failure = await this.#try(() => this.#do(row, nextAction(one)));
        if (failure !== undefined && !(await this.#respell(row))) failures.set(one, failure);
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
  async #untie(failures: ReadonlyMap<Pending, Failure>): Promise<readonly Pending[]> {
    const found = [...failures];
    if (!found.some(([, { isByReference }]) => isByReference)) return [];
    let tied = found.flatMap(([one, { isByReference, isUniqueViolation }]) =>
      isByReference || isUniqueViolation ? [one] : [],
    );
    while (tied.length > 0) {
      let stuck: ReadonlySet<UndoRow> = new Set();
      const all = tied;
      const failure = await attempt(this.#session, 'dtx_circle', async () => {
        stuck = new Set((await this.#restoreLoose(all)).map(({ row }) => row));
        // A row that stays for another reason must keep its references.
        if (stuck.size > 0) throw new NotRestoredError(OUT_OF_ORDER);
      });
      if (failure === undefined) return tied;
      if (stuck.size === 0) return [];
      tied = tied.filter(({ row }) => !stuck.has(row));
    }
    return [];
  }

  /** By turns, since one that goes may make room for another. Returns those that are left. */
  async #restoreLoose(rows: readonly Pending[]): Promise<readonly Pending[]> {
    for (let pending = rows; ;) {
      const loose: Pending[] = [];
      for (const one of pending) loose.push(await this.#loosen(one));
      const rest = [...(await this.#restoreWhatGoes(loose)).keys()];
      const isStuck = rest.length === pending.length && rest.every((one) => pending.includes(one));
      if (rest.length === 0 || isStuck) return rest;
      pending = rest;
    }
  }

  async #loosen(one: Pending): Promise<Pending> {
    const { now, row } = one;
    if (now !== null && row.before !== null) return one;
    const image = looseImage(row.table, now ?? row.before ?? '');
    if (image === undefined) return one;
    const action = now === null ? 'insert' : 'update';
    const failure = await this.#try(() => this.#do({ ...row, before: image, after: now }, action));
    return failure === undefined ? { row, now: image } : one;
  }

  /** For a row to which others refer by values that have only been written otherwise. */
  async #respell(row: UndoRow): Promise<boolean> {
    const respelled = await respelledImage(this.#session, row);
    if (respelled === undefined) return false;
    const table = { ...row.table, referrers: [] };
    const failure = await this.#try(async () => {
      await this.#session.query('SET foreign_key_checks = 0');
      try {
        await this.#do({ ...row, before: respelled, table }, 'update');
      } finally {
        await this.#session.query('SET foreign_key_checks = 1');
      }
      if (respelled !== row.before) await this.#do({ ...row, after: respelled }, 'update');
    });
    return failure === undefined;
  }

  /**
   * For rows whose key was changed, and to which others refer by another unique key: such a row
   * cannot go, not even for a moment, so it is given its old key.
   *
   * @returns those that are still to be restored
   */
  async #moveBack(rows: readonly Pending[]): Promise<readonly Pending[]> {
    const now = new Map(rows.map(({ now: image, row }) => [row, image]));
    const sources = new Map<string, UndoRow>();
    for (const [row, image] of now) {
      if (image === null) continue;
      for (const name of referredValues(row.table, image)) sources.set(name, row);
    }
    for (const row of now.keys()) {
      if (row.before === null || now.get(row) !== null) continue;
      const names = referredValues(row.table, row.before);
      const [source] = names.flatMap((name) => sources.get(name) ?? []);
      const image = source && now.get(source);
      if (source === undefined || typeof image !== 'string') continue;
      const failure = await this.#try(() => this.#do({ ...row, after: image }, 'update'));
      if (failure !== undefined) continue;
      now.set(row, row.before);
      now.set(source, null);
    }
    return [...now]
      .filter(([row, image]) => image !== row.before)
      .map(([row, image]) => ({ row, now: image }));
  }

  /**
   * For rows that wait for each other because of unique values: all of them go, and come back as
   * they were. For no other reason, since that would get round a trigger that forbids an update.
   */
  async #replaceAll(
    rows: readonly Pending[],
    failures: ReadonlyMap<Pending, Failure>,
  ): Promise<boolean> {
    if (![...failures.values()].some(({ isUniqueViolation }) => isUniqueViolation)) return false;
    const failure = await this.#try(async () => {
      for (const { now, row } of rows) if (now !== null) await this.#do(row, 'delete');
      for (const { row } of rows) if (row.before !== null) await this.#do(row, 'insert');
    });
    return failure === undefined;
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
        const failure = await this.#try(() => this.#do(row, action));
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

  async #do(row: UndoRow, action: RestoreAction): Promise<void> {
    const { sql, values } = restoreStatement(row, action);
    const { rowCount } = await this.#session.query(sql, values);
    failpoint('at.undo.row');
    if (rowCount === 0) throw new NotRestoredError(HELD_BACK, true);
  }

  #try(work: () => Promise<void>): Promise<Failure | undefined> {
    return attempt(this.#session, 'dtx_row', work);
  }
}

/** A row that is still to be restored, and its image as it is. */
interface Pending {
  readonly row: UndoRow;
  readonly now: string | null;
}

const firstAction = (row: UndoRow): RestoreAction => actionFor(row.after !== null, row);

const asLeft = (row: UndoRow): Pending => ({ row, now: row.after });

const nextAction = ({ now, row }: Pending): RestoreAction => actionFor(now !== null, row);
