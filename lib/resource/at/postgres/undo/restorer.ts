import type { SqlSession } from '../../at-engine.interface.js';
import { queryText } from '../session.js';
import type { TableDefinition } from '../table-definition.js';
import { settableColumns } from '../table-definition.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, attempt } from './attempt.js';
import type { Comparison } from './compare-rows.js';
import { compareRows, countOfOurs } from './compare-rows.js';
import { Echoes } from './echoes.js';
import { firstOrder, replaceOrder, runsOf } from './restore-orders.js';
import type { GivenUp } from './room-statements.js';
import { roomStatements } from './room-statements.js';
import { runOrders } from './run-orders.js';
import type { RestoreOrder, UndoRow } from './undo-row.js';
import { actionFor } from './undo-row.js';

/** Why a row could not be restored, by row. */
type Failures = ReadonlyMap<UndoRow, string>;

/** Triggers that change restored rows again are answered this often. */
const SETTLE_PASSES_MAX = 3;

/** How often what triggers write is taken back, which makes triggers write. */
const ECHO_PASSES_MAX = 3;

/** How often the careful way starts again without the rows that it could not give back. */
const ROUNDS_MAX = 5;

const RESTORED_OTHERWISE =
  'a trigger or rule of the table changes the row while it is being restored';

/**
 * Gives rows their before images, in the transaction of its session. Rows come in the reverse order
 * of their changes. Nearly always that order is right, and runs of rows are restored together.
 *
 * It can be wrong. What a cascade has deleted needs its parent, which went first, and so does a row
 * whose trigger keeps a sum under a check: then the order of the changes is right. And the undo row
 * of a row that was changed twice has the place of the first change, and unique values can have
 * been swapped: then each row is tried by itself until no further one succeeds, and those that
 * remain all at once.
 */
export class Restorer {
  readonly #session: SqlSession;
  readonly #xid: string;
  #settled: readonly UndoRow[] = [];

  constructor(session: SqlSession, xid: string) {
    this.#session = session;
    this.#xid = xid;
  }

  /**
   * @param settled rows that are as they were: triggers of others may change them
   * @returns the rows that do not have their before image, and why
   */
  async restore(rows: readonly UndoRow[], settled: readonly UndoRow[] = []): Promise<Failures> {
    if (!rows.some(({ table }) => table.hasForeignTriggers)) return this.#restoreRows(rows);
    this.#settled = settled;
    const echoes = new Echoes(this.#session, this.#xid);
    await echoes.listen();
    const failures = await this.#restoreRows(rows);
    const restored = [...rows, ...settled].filter((row) => !failures.has(row));
    await this.#silence(echoes, restored);
    await echoes.end();
    return failures;
  }

  /** What cannot be taken back stays, such as lines that a trigger forbids to delete. */
  async #silence(echoes: Echoes, restored: readonly UndoRow[]): Promise<void> {
    const refused = new Set<string>();
    for (let pass = 0; pass < ECHO_PASSES_MAX; pass += 1) {
      let count = 0;
      const failure = await this.#attempt('dtx_echoes', async () => {
        const heard = (await echoes.heard()).filter((echo) => !refused.has(nameOf(echo)));
        const orders = await this.#unsettled(heard);
        count = orders.length;
        for (const order of orders) {
          const reason = await this.#attempt('dtx_echo', () => this.#run([order]));
          if (reason !== undefined) refused.add(nameOf(order.row));
        }
        if (count > 0 && (await this.#settle(restored)).length > 0) {
          throw new NotRestoredError(RESTORED_OTHERWISE);
        }
      });
      if (failure !== undefined || count === 0) return;
    }
  }

  async #restoreRows(rows: readonly UndoRow[]): Promise<Failures> {
    if (rows.length === 0) return new Map();
    const orders = [rows, rows.toReversed()];
    for (const order of orders) {
      const failure = await this.#attempt('dtx_all', () => this.#restoreInOrder(order));
      if (failure === undefined) return new Map();
    }
    const hasTriggers = rows.some(({ table }) => table.hasForeignTriggers);
    return this.#restoreCarefully(hasTriggers ? await this.#betterOrder(orders) : rows);
  }

  /**
   * A row whose trigger keeps a sum can be refused when the sum is there already, or before. Who
   * comes too late in either order comes first in the last one.
   */
  async #betterOrder(orders: readonly (readonly UndoRow[])[]): Promise<readonly UndoRow[]> {
    const candidates = [...orders];
    let best: { order: readonly UndoRow[]; failures: Failures } | undefined;
    for (const order of candidates) {
      let failures: Failures = new Map();
      await this.#attempt('dtx_order', async () => {
        failures = await this.#restoreCarefully(order);
        throw new NotRestoredError('to be taken back');
      });
      if (best === undefined || failures.size < best.failures.size) best = { order, failures };
      if (failures.size === 0) break;
      if (candidates.length === orders.length && order === orders.at(-1)) {
        const isLate = (row: UndoRow): boolean => best?.failures.has(row) === true;
        const inTime = best.order.filter((row) => !isLate(row));
        candidates.push([...best.order.filter(isLate), ...inTime]);
      }
    }
    return best?.order ?? [];
  }

  async #restoreInOrder(rows: readonly UndoRow[]): Promise<void> {
    for (const run of runsOf(rows.map(firstOrder))) await this.#run(run);
    const unsettled = await this.#settle([...rows, ...this.#settled]);
    if (unsettled.length > 0) throw new NotRestoredError(RESTORED_OTHERWISE);
  }

  async #restoreCarefully(rows: readonly UndoRow[]): Promise<Failures> {
    const left = new Map<UndoRow, string>();
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const todo = rows.filter((row) => !left.has(row));
      const found = { stuck: new Map() as Failures, unsettled: [] as readonly UndoRow[] };
      const failure = await this.#attempt('dtx_round', async () => {
        found.stuck = await this.#restoreOneByOne(todo);
        const restored = todo.filter((row) => !found.stuck.has(row));
        const settled = this.#settled.filter((row) => !left.has(row));
        found.unsettled = await this.#settle([...restored, ...settled]);
        if (found.unsettled.length > 0) throw new NotRestoredError(RESTORED_OTHERWISE);
      });
      if (failure === undefined) return new Map([...left, ...found.stuck]);
      // Nobody can tell which row a deferred constraint is about, so all of them stay.
      const given = found.unsettled.length > 0 ? found.unsettled : todo;
      for (const row of given) left.set(row, failure.reason);
    }
    for (const row of rows) if (!left.has(row)) left.set(row, RESTORED_OTHERWISE);
    return left;
  }

  async #restoreOneByOne(rows: readonly UndoRow[]): Promise<Failures> {
    for (let pending = rows; ;) {
      const failures = new Map<UndoRow, string>();
      for (const row of pending) {
        const failure = await this.#attempt('dtx_row', () => this.#run([firstOrder(row)]));
        if (failure === undefined) continue;
        if (failure.isUniqueViolation && (await this.#takeOver(row))) continue;
        failures.set(row, failure.reason);
      }
      if (failures.size === 0) return failures;
      if (failures.size === pending.length) {
        return (await this.#restoreAtOnce(pending)) ? new Map() : failures;
      }
      pending = [...failures.keys()];
    }
  }

  /** A row that has to come back, and that a trigger of another restored row has made already. */
  async #takeOver(row: UndoRow): Promise<boolean> {
    if (firstOrder(row).action !== 'insert') return false;
    const count = await queryText(this.#session, countOfOurs(row.table), [this.#xid, [row.key]]);
    if (count === '0') return false;
    const failure = await this.#attempt('dtx_row', () =>
      this.#run([{ row, action: 'update', columns: settableColumns(row.table) }]),
    );
    return failure === undefined;
  }

  /**
   * For rows that wait for each other. Where that is because of unique values they are deleted and
   * inserted; for no other reason, since that would get round a trigger that forbids an update.
   */
  async #restoreAtOnce(rows: readonly UndoRow[]): Promise<boolean> {
    const failure = await this.#attempt('dtx_row', () => this.#run(rows.map(firstOrder)));
    if (failure?.isUniqueViolation !== true) return failure === undefined;
    const replaced = await this.#attempt('dtx_row', () => this.#run(rows.map(replaceOrder)));
    if (replaced === undefined) return true;
    for (const givenUp of ['changed', 'all'] as const) {
      const moved = await this.#attempt('dtx_row', async () => {
        await this.#makeRoom(rows, givenUp);
        await this.#run(rows.map(firstOrder));
      });
      if (moved === undefined) return true;
    }
    return false;
  }

  /** Rows that cannot go for a moment give up their unique values, for NULL or for spare ones. */
  async #makeRoom(rows: readonly UndoRow[], givenUp: GivenUp): Promise<void> {
    for (const table of new Set(rows.map((row) => row.table))) {
      const keys = rows.filter((row) => row.table === table).map(({ key }) => key);
      for (const texts of await roomStatements(this.#session, table, givenUp)) {
        for (const text of texts) {
          const failure = await this.#attempt('dtx_room', async () => {
            await this.#session.query(text, [this.#xid, keys]);
          });
          if (failure === undefined) break;
        }
      }
    }
  }

  /**
   * Lets everything that was deferred happen now, and restores rows again that were changed by it
   * or by triggers of other rows.
   *
   * @returns the rows that will not keep their before image
   */
  async #settle(rows: readonly UndoRow[]): Promise<readonly UndoRow[]> {
    await this.#session.query('SET CONSTRAINTS ALL IMMEDIATE');
    for (let pass = 0; ; pass += 1) {
      const orders = await this.#unsettled(rows);
      if (orders.length === 0 || pass === SETTLE_PASSES_MAX) return orders.map(({ row }) => row);
      for (const run of runsOf(orders)) await this.#run(run);
    }
  }

  async #unsettled(rows: readonly UndoRow[]): Promise<readonly RestoreOrder[]> {
    const comparisons = new Map<TableDefinition, ReadonlyMap<string, Comparison>>();
    for (const table of new Set(rows.map((row) => row.table))) {
      const keys = rows.filter((row) => row.table === table).map(({ key }) => key);
      comparisons.set(table, await compareRows(this.#session, this.#xid, table, keys));
    }
    return rows.flatMap((row) => {
      const comparison = comparisons.get(row.table)?.get(row.key);
      if (comparison?.isBefore === true) return [];
      const action = actionFor(comparison?.isThere === true, row.hasBefore);
      return [{ row, action, columns: comparison?.changed ?? [] }];
    });
  }

  #run(orders: readonly RestoreOrder[]): Promise<void> {
    return runOrders(this.#session, this.#xid, orders);
  }

  #attempt(savepoint: string, work: () => Promise<void>): Promise<Failure | undefined> {
    return attempt(this.#session, savepoint, work);
  }
}

const nameOf = ({ key, table }: UndoRow): string => JSON.stringify([table.name, key]);
