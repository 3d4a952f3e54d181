import { setTimeout as sleep } from 'node:timers/promises';

import { Rng } from '../simulation/kernel/rng.js';
import { Comparer } from './comparer.js';
import { Findings, describeDifference } from './findings.js';
import type { FuzzOptions } from './options.js';
import type { Part } from './part.js';
import { makePlan } from './plan.js';
import type { Plan } from './plan.js';
import { playLocal } from './play.js';
import { Player, hasTriggers } from './player.js';
import { Replayer } from './replayer.js';
import { branchesOf, settle } from './settle.js';
import type { Ignored, Snapshot, TableDifference } from './snapshot.js';
import { volatileColumns } from './snapshot.js';
import type { World } from './world.interface.js';
import { Writer } from './writer.js';

const DIFFERENCES_MAX = 10;
const ROWS_OFTEN_MAX = 20_000;
const COMPARE_EVERY = 20;
const TRIALS = 40;
const PAIR_CHANCE = 0.2;

/** Plays transactions until the time is over, and compares behind each of them. */
export class Fuzzer {
  readonly findings = new Findings();
  readonly #world: World;
  readonly #options: FuzzOptions;
  readonly #rng: Rng;
  readonly #player: Player;
  readonly #replayer: Replayer;
  readonly #comparer: Comparer;

  constructor(world: World, options: FuzzOptions) {
    this.#world = world;
    this.#options = options;
    this.#rng = new Rng(options.seed);
    this.#player = new Player(world, this.findings, (title, parts) => {
      this.#report(title, parts);
    });
    this.#replayer = new Replayer(world);
    this.#comparer = new Comparer(world, this.findings);
  }

  get volatile(): Ignored {
    return this.#comparer.volatile;
  }

  async run(onProgress: (findings: Findings) => void): Promise<Findings> {
    const { seconds, transactions } = this.#options;
    this.#comparer.before = await this.#comparer.snapshot();
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
    return this.findings;
  }

  /** The same statements on two databases: what differs then is a clock's or a random number's. */
  async #findVolatile(): Promise<void> {
    const locals = Array.from({ length: TRIALS }, () => this.#plan(false).locals).flat();
    await this.#world.tryOut(async (one, other) => {
      for (const local of locals) await playLocal(one, local);
      // Many a clock counts in seconds.
      await sleep(1_000);
      for (const local of locals) await playLocal(other, local);
      this.#comparer.volatile = volatileColumns(await one.snapshot(), await other.snapshot());
    });
  }

  #plan(isByKey: boolean): Plan {
    const writer = new Writer({
      rng: this.#rng,
      model: this.#world.model,
      dialect: this.#world.dialect,
      snapshot: this.#comparer.before,
      volatile: this.volatile,
      caution: this.#replayer.caution,
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
    const counters = await this.#world.outside.counters();
    const order = await this.#player.play(parts);
    const echoes =
      hasTriggers(this.#world) && parts.some((part) => !this.#player.commits(parts, part));
    const ending = echoes ? await this.#comparer.snapshot() : undefined;
    await this.#player.end(parts);
    this.findings.transactions += parts.length;
    if (isPair) this.findings.pairs += 1;
    await this.#settle(parts);
    if (this.#world.model.whyUncompared !== undefined && parts.some(({ committed }) => committed)) {
      return this.#goOn();
    }
    const replay = await this.#replayer.replay(parts, order, counters);
    if (replay.isAhead) return this.#fallBack('missed');
    if (replay.isUnsound) return this.#fallBack('unsound');
    const [wrong] = replay.wrong;
    if (echoes || this.#isTimeToCompare()) await this.#compare(parts, ending, wrong);
    else if (wrong !== undefined) this.#report(wrong, parts);
  }

  async #fallBack(reason: 'missed' | 'unsound'): Promise<void> {
    this.findings[reason] += 1;
    await this.#goOn();
  }

  /** Puts the copies where the database is. */
  async #goOn(): Promise<void> {
    await this.#comparer.align(this.#world.model.tables.map(({ name }) => name));
    this.#comparer.before = await this.#comparer.snapshot();
  }

  async #compare(
    parts: readonly Part[],
    ending: Snapshot | undefined,
    wrong: string | undefined,
  ): Promise<void> {
    const { model } = this.#world;
    const differences = await this.#comparer.compare(parts, ending);
    const hasCommitted = parts.some(({ committed }) => committed);
    if (differences.length > 0 || wrong !== undefined) {
      this.#report(wrong ?? `behind a ${hasCommitted ? 'commit' : 'rollback'}`, parts, differences);
      await this.#comparer.align(model.tables.map(({ name }) => name));
    }
    this.#comparer.before = await this.#comparer.snapshot();
  }

  #isTimeToCompare(): boolean {
    const tables = [...this.#comparer.before.values()];
    const rows = tables.reduce((sum, { length }) => sum + length, 0);
    return rows < ROWS_OFTEN_MAX || this.findings.transactions % COMPARE_EVERY < 2;
  }

  /** What remains is what a person would have to see to; the run goes on without it. */
  async #settle(parts: readonly Part[]): Promise<void> {
    const { outside } = this.#world;
    const { left, open } = await settle(outside, parts);
    if (left + open === 0) return;
    this.findings.left += left;
    this.findings.open += open;
    const what = `${String(left)} undo rows and ${String(open)} open transactions are left`;
    this.#report(`${what}\n  ${await branchesOf(parts)}`, parts);
    await outside.forgetUndoRows();
  }

  #report(
    title: string,
    parts: readonly Part[],
    differences: readonly TableDifference[] = [],
  ): void {
    const plans = parts.map(({ plan }) => plan);
    const number = String(this.findings.transactions);
    const full = `${title} (transaction ${number}, seed ${String(this.#options.seed)})`;
    this.findings.reports.push(describeDifference(full, this.#world.model, plans, differences));
  }
}
