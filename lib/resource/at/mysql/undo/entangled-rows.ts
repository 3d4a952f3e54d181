import type { SqlSession } from '../../at-engine.interface.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, OUT_OF_ORDER, attempt } from './attempt.js';
import { looseImage } from './loose-image.js';
import { readRows } from './read-rows.js';
import { referredValues } from './referred-values.js';
import { mayBeFollowed, roomStatements } from './room-statements.js';
import type { Pending, SingleRows } from './single-rows.js';
import type { UndoRow } from './undo-row.js';

/** What is left of some rows, and why each of them could not be restored by itself. */
type Failed = ReadonlyMap<Pending, Failure>;

/** How often rows give up their unique values. */
const ROUNDS_MAX = 3;

/** Ways to restore rows that stand in the way of each other, whatever their order. */
export class EntangledRows {
  readonly #session: SqlSession;
  readonly #rows: SingleRows;

  constructor(session: SqlSession, rows: SingleRows) {
    this.#session = session;
    this.#rows = rows;
  }

  /**
   * For rows whose key was changed, and to which others refer by another unique key: such a row
   * cannot go, not even for a moment, so it is given its old key.
   *
   * @returns those that are still to be restored
   */
  async moveBack(rows: readonly Pending[]): Promise<readonly Pending[]> {
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
      const failure = await this.#rows.attempt(() =>
        this.#rows.do({ ...row, after: image }, 'update'),
      );
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
  async replaceAll(rows: readonly Pending[], failures: Failed): Promise<boolean> {
    if (![...failures.values()].some(({ isUniqueViolation }) => isUniqueViolation)) return false;
    const failure = await this.#rows.attempt(async () => {
      for (const { now, row } of rows) if (now !== null) await this.#rows.do(row, 'delete');
      for (const { row } of rows) if (row.before !== null) await this.#rows.do(row, 'insert');
    });
    return failure === undefined;
  }

  /**
   * For rows that wait for each other's unique values and cannot go for a moment, since others
   * refer to them: they give those values up, for NULL or for spare ones. Those that only go when
   * nobody refers to them any more may have such a value, too.
   *
   * @returns those that are restored
   */
  async makeRoom(failures: Failed): Promise<readonly Pending[]> {
    if (![...failures.values()].some(({ isUniqueViolation }) => isUniqueViolation)) return [];
    return this.#together(waiting(failures), async (some) => {
      let rest = some;
      // A spare value may be the very one that another of them needs; the next one is another.
      for (let round = 0; round < ROUNDS_MAX && rest.length > 0; round += 1) {
        const spared: Pending[] = [];
        for (const one of rest) spared.push(await this.#giveUpValues(one));
        rest = [...(await this.#rows.restoreWhatGoes(spared)).keys()];
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
  async untie(failures: Failed): Promise<readonly Pending[]> {
    if (![...failures.values()].some(({ isByReference }) => isByReference)) return [];
    return this.#together(waiting(failures), (rows) => this.#restoreLoose(rows));
  }

  async #giveUpValues({ now, row }: Pending): Promise<Pending> {
    let image = now;
    if (image === null) return { row, now };
    for (const { column, spares } of roomStatements({ ...row, after: image })) {
      for (const spare of spares) {
        const before: string = image;
        let after = before;
        const failure = await this.#rows.attempt(async () => {
          await this.#session.query(spare.sql, spare.values);
          after = await this.#imageOf(row, before);
          if (mayBeFollowed(row.table, column, [before, after])) {
            throw new NotRestoredError('a trigger changes a value that others may refer to');
          }
        });
        if (failure === undefined) image = after;
        // A number beyond what the column takes becomes its last one, which the row may have.
        if (image !== before) break;
      }
    }
    return { row, now: image };
  }

  async #imageOf(row: UndoRow, before: string): Promise<string> {
    const images = await readRows(this.#session, row.table, [{ ...row, after: before }], '');
    return images.get(row.pk) ?? before;
  }

  /** By turns, since one that goes may make room for another. Returns those that are left. */
  async #restoreLoose(rows: readonly Pending[]): Promise<readonly Pending[]> {
    for (let pending = rows; ;) {
      const loose: Pending[] = [];
      for (const one of pending) loose.push(await this.#loosen(one));
      const rest = [...(await this.#rows.restoreWhatGoes(loose)).keys()];
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
    const failure = await this.#rows.attempt(() =>
      this.#rows.do({ ...row, before: image, after: now }, action),
    );
    return failure === undefined ? { row, now: image } : one;
  }

  /**
   * Restores as many of the rows as can be restored with each other, or none.
   *
   * @param restore returns those that it could not restore
   * @returns those that are restored
   */
  async #together(
    rows: readonly Pending[],
    restore: (rows: readonly Pending[]) => Promise<readonly Pending[]>,
  ): Promise<readonly Pending[]> {
    for (let some = rows; some.length > 0;) {
      let stuck: ReadonlySet<UndoRow> = new Set();
      const all = some;
      const failure = await attempt(this.#session, 'dtx_some', async () => {
        stuck = new Set((await restore(all)).map(({ row }) => row));
        // A row that stays for another reason must keep what it has.
        if (stuck.size > 0) throw new NotRestoredError(OUT_OF_ORDER);
      });
      if (failure === undefined) return some;
      if (stuck.size === 0) return [];
      some = some.filter(({ row }) => !stuck.has(row));
    }
    return [];
  }
}

/** Those that stay because of other rows. */
const waiting = (failures: Failed): readonly Pending[] =>
  [...failures].flatMap(([one, { isByReference, isUniqueViolation }]) =>
    isByReference || isUniqueViolation ? [one] : [],
  );
