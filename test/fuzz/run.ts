import { setTimeout as sleep } from 'node:timers/promises';

import type { GlobalTransaction } from 'nestjs-dtx';
import { LockConflictError, StatementRefusedError, TableNotCoveredError } from 'nestjs-dtx';

import { Rng } from '../simulation/kernel/rng.js';
import { copyRows, deleteRows, readSequences, setSequences } from './align.js';
import { Findings, describeDifference } from './findings.js';
import type { FuzzOptions } from './options.js';
import { makePlan } from './plan.js';
import type { Plan } from './plan.js';
import type { Played } from './play.js';
import { OK, playLocal } from './play.js';
import type { Ignored, Snapshot, TableDifference } from './snapshot.js';
import { compareSnapshots, takeSnapshot, volatileColumns } from './snapshot.js';
import type { World } from './world.js';
import { Writer } from './writer.js';

const LEFT_MS_MAX = 15_000;
const LOOK_EVERY_MS = 10;
const DIFFERENCES_MAX = 10;
const ROWS_OFTEN_MAX = 20_000;
const COMPARE_EVERY = 20;
const TRIALS = 40;
const PAIR_CHANCE = 0.2;

/** A global transaction that is played: its plan and how far it came. */
interface Part {
  readonly plan: Plan;
  /** Whether another one is open at the same time, which may hold its rows. */
  readonly hasRival: boolean;
  readonly played: { readonly index: number; readonly result: Played }[];
  transaction?: GlobalTransaction;
  /** Why it has to roll back, beside its plan. */
  stopped?: string;
  committed: boolean;
}

/** Plays transactions until the time is over, and compares behind each of them. */
export class Fuzzer {
  readonly findings = new Findings();
  readonly #world: World;
  readonly #options: FuzzOptions;
  readonly #rng: Rng;
  readonly #caution = new Map<string, number>();
  #volatile: Ignored = new Map();
  #before: Snapshot = new Map();

  constructor(world: World, options: FuzzOptions) {
    this.#world = world;
    this.#options = options;
    this.#rng = new Rng(options.seed);
  }

  get volatile(): Ignored {
    return this.#volatile;
  }

  async run(onProgress: (findings: Findings) => void): Promise<Findings> {
    const { seconds, transactions } = this.#options;
    this.#before = await this.#snapshot();
    await this.#findVolatile();
    const endMs = performance.now() + seconds * 1000;
    const isOver = (): boolean =>
      transactions === undefined
        ? performance.now() >= endMs
        : this.findings.transactions >= transactions;
    while (!isOver() && this.findings.reports.length < DIFFERENCES_MAX) {
      await this.#round();
      onProgress(this.findings);
    }
    this.findings.left = await this.#waitForNothing();
    return this.findings;
  }

  /** The same statements on two databases: what differs then is a clock's or a random number's. */
  async #findVolatile(): Promise<void> {
    const { model, tryOut } = this.#world;
    await tryOut(async (one, other) => {
      for (let trial = 0; trial < TRIALS; trial += 1) {
        const { locals } = this.#plan(false);
        for (const local of locals) {
          await playLocal(one, local);
          await playLocal(other, local);
        }
      }
      const [left, right] = [
        await takeSnapshot(one, model.tables),
        await takeSnapshot(other, model.tables),
      ];
      this.#volatile = volatileColumns(left, right);
    });
  }

  #plan(isByKey: boolean): Plan {
    const writer = new Writer({
      rng: this.#rng,
      model: this.#world.model,
      snapshot: this.#before,
      volatile: this.#volatile,
      caution: this.#caution,
      isByKey,
    });
    return makePlan(this.#rng, writer);
  }

  async #round(): Promise<void> {
    const isPair = this.#rng.chance(PAIR_CHANCE);
    const parts: Part[] = Array.from({ length: isPair ? 2 : 1 }, () => ({
      plan: this.#plan(isPair),
      hasRival: isPair,
      played: [],
      committed: false,
    }));
    const sequences = await readSequences(this.#world.plain);
    const order = await this.#play(parts);
    this.findings.transactions += parts.length;
    if (isPair) this.findings.pairs += 1;
    const left = await this.#waitForNothing();
    if (left > 0) await this.#giveUp(parts, left);
    if (this.#isTimeToCompare()) await this.#compare(parts, order, sequences);
    else await this.#replay(parts, order, sequences);
  }

  /** @returns the local transactions in their order */
  async #play(parts: readonly Part[]): Promise<readonly Part[]> {
    const order: Part[] = [];
    for (const part of parts) part.transaction = await this.#world.manager.begin({ name: 'fuzz' });
    for (let index = 0; parts.some(({ plan }) => index < plan.locals.length); index += 1) {
      for (const part of parts) {
        if (part.stopped !== undefined || index >= part.plan.locals.length) continue;
        await this.#playLocal(part, index);
        order.push(part);
      }
    }
    // A trigger may have read what the other one has written and takes back.
    const sharesFate = parts.length > 1 && this.#hasTriggers;
    const allCommit = parts.every(({ plan, stopped }) => plan.commits && stopped === undefined);
    for (const part of parts) {
      const commits = sharesFate ? allCommit : part.plan.commits && part.stopped === undefined;
      await this.#end(part, commits);
    }
    return order;
  }

  get #hasTriggers(): boolean {
    return this.#world.model.tables.some(({ hasUserTriggers }) => hasUserTriggers);
  }

  async #playLocal(part: Part, index: number): Promise<void> {
    const local = part.plan.locals[index];
    if (local === undefined) return;
    try {
      const result = await part.transaction?.run(() => playLocal(this.#world.pool, local));
      if (result === undefined) return;
      part.played.push({ index, result });
      this.findings.count(result);
    } catch (error) {
      part.stopped = String(error);
      this.#stop(part, error);
    }
  }

  #stop(part: Part, error: unknown): void {
    if (error instanceof StatementRefusedError || error instanceof TableNotCoveredError) {
      this.findings.refuse(error.message);
    } else if (error instanceof LockConflictError && part.hasRival) {
      this.findings.conflicts += 1;
    } else {
      this.#report(`an error that should not be: ${String(error)}`, [part], []);
    }
  }

  async #end(part: Part, commits: boolean): Promise<void> {
    const { transaction } = part;
    if (transaction === undefined) return;
    try {
      if (commits) {
        await transaction.commit();
        part.committed = true;
        this.findings.committed += 1;
        return;
      }
      await transaction.rollback();
      this.findings.rolledBack += 1;
    } catch (error) {
      this.#report(`the end has failed: ${String(error)}`, [part], []);
    }
  }

  #isTimeToCompare(): boolean {
    const rows = [...this.#before.values()].reduce((sum, { length }) => sum + length, 0);
    return rows < ROWS_OFTEN_MAX || this.findings.transactions % COMPARE_EVERY === 0;
  }

  /** What was committed once more, on both copies. @returns where the answers were others */
  async #replay(
    parts: readonly Part[],
    order: readonly Part[],
    sequences: readonly string[],
  ): Promise<readonly string[]> {
    if (!parts.some(({ committed }) => committed)) return [];
    const { copy, scratch } = this.#world;
    const wrong: string[] = [];
    for (const database of [copy, scratch]) {
      await setSequences(database, sequences);
      const next = new Map<Part, number>();
      for (const part of order) {
        const { index, result } = part.played[next.get(part) ?? 0] ?? {};
        next.set(part, (next.get(part) ?? 0) + 1);
        const local = part.plan.locals[index ?? -1];
        if (!part.committed || local === undefined) continue;
        const again = await playLocal(database, local);
        const [was, is] = [result?.outcomes.join(' '), again.outcomes.join(' ')];
        if (was !== is) wrong.push(`answers in AT mode: ${was ?? ''}; without: ${is}`);
        if (database === copy)
          this.#learn(
            again,
            local.steps.map(({ sql }) => sql),
          );
      }
    }
    return wrong;
  }

  /** Values that a table refuses again and again are taken from its rows instead. */
  #learn({ outcomes }: Played, statements: readonly string[]): void {
    for (const [index, sql] of statements.entries()) {
      const table = this.#world.model.tables.find((each) => sql.includes(` ${each.sql} `));
      const outcome = outcomes[index];
      if (table === undefined || outcome === undefined) continue;
      const caution = this.#caution.get(table.name) ?? 0.3;
      const step = outcome === OK ? -0.02 : /^(22|23514|P0)/.test(outcome) ? 0.06 : 0;
      this.#caution.set(table.name, Math.min(0.92, Math.max(0.2, caution + step)));
    }
  }

  async #compare(
    parts: readonly Part[],
    order: readonly Part[],
    sequences: readonly string[],
  ): Promise<void> {
    const { copy, model, plain, scratch } = this.#world;
    const wrong = await this.#replay(parts, order, sequences);
    const found = await this.#snapshot();
    const hasCommitted = parts.some(({ committed }) => committed);
    const expected = hasCommitted ? await takeSnapshot(copy, model.tables) : this.#before;
    let differences = await this.#withoutEchoes(
      parts,
      compareSnapshots(expected, found, hasCommitted ? this.#volatile : undefined),
    );
    if (hasCommitted && differences.length > 0) {
      const other = await takeSnapshot(scratch, model.tables);
      this.#volatile = union(this.#volatile, volatileColumns(expected, other));
      differences = compareSnapshots(expected, found, this.#volatile).filter(({ table }) =>
        differences.some((each) => each.table === table),
      );
    }
    const title = wrong[0] ?? (hasCommitted ? 'behind a commit' : 'behind a rollback');
    if (differences.length > 0 || wrong.length > 0) {
      this.#report(title, parts, differences);
      const everything = model.tables.map(({ name }) => name);
      const rows = await this.#snapshot();
      for (const database of [copy, scratch]) await copyRows(database, model, rows, everything);
    }
    this.#before = await takeSnapshot(plain, model.tables);
  }

  /**
   * Triggers of the user fire while rows are restored, and what they write into rows that the
   * transaction had not touched stays: a line of an audit table. That is promised so.
   */
  async #withoutEchoes(
    parts: readonly Part[],
    differences: readonly TableDifference[],
  ): Promise<readonly TableDifference[]> {
    if (parts.every(({ committed }) => committed)) return differences;
    const { echoing, model, plain } = this.#world;
    const isEcho = ({ missing, table }: TableDifference): boolean =>
      missing.length === 0 && echoing.has(table);
    for (const { surplus, table } of differences.filter(isEcho)) {
      this.findings.triggerRows += surplus.length;
      await deleteRows(plain, model, table, surplus);
    }
    return differences.filter((difference) => !isEcho(difference));
  }

  #report(title: string, parts: readonly Part[], differences: readonly TableDifference[]): void {
    const plans = parts.map(({ plan }) => plan);
    const number = String(this.findings.transactions);
    const full = `${title} (transaction ${number}, seed ${String(this.#options.seed)})`;
    this.findings.reports.push(describeDifference(full, this.#world.model, plans, differences));
  }

  #snapshot(): Promise<Snapshot> {
    return takeSnapshot(this.#world.plain, this.#world.model.tables);
  }

  /** What a person would have to do, so that the run can go on. */
  async #giveUp(parts: readonly Part[], left: number): Promise<void> {
    const { plain } = this.#world;
    const branches: string[] = [];
    for (const { transaction } of parts) {
      const summary = await transaction?.status();
      branches.push(...(summary?.branches ?? []).map((branch) => JSON.stringify(branch)));
    }
    const text = branches.join('\n  ');
    this.#report(`${String(left)} undo rows are left\n  ${text}`, parts, []);
    await plain.query('DELETE FROM dtx.undo_row');
  }

  async #waitForNothing(): Promise<number> {
    const startMs = performance.now();
    for (;;) {
      const { rows } = await this.#world.plain.query<{ left: number }>(
        'SELECT count(*)::int AS left FROM dtx.undo_row',
      );
      const left = rows[0]?.left ?? 0;
      if (left === 0 || performance.now() - startMs > LEFT_MS_MAX) return left;
      await sleep(LOOK_EVERY_MS);
    }
  }
}

function union(one: Ignored, other: Ignored): Ignored {
  const names = new Set([...one.keys(), ...other.keys()]);
  return new Map(
    [...names].map((name) => [
      name,
      new Set([...(one.get(name) ?? []), ...(other.get(name) ?? [])]),
    ]),
  );
}
