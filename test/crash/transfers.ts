import { until } from '../support/until.js';
import type { SessionRecord } from './checks/books.js';
import { leftOf, sessionsOf } from './checks/books.js';
import { openAccounts } from './checks/entries.js';
import type { Told } from './checks/judge.js';
import { holds, isNothing } from './checks/quiet.js';
import type { Transfer } from './process/messages.js';
import type { World } from './world/world.js';

/** Longer than leases, heartbeats, and the pauses of phase two together. */
export const QUIET_MS_MAX = 25_000;
export const TIMEOUT_MS = 4_000;
export const ANSWER_MS_MAX = 12_000;
/** For a transfer that goes well, after everything was started again. */
const WELL_MS_MAX = 15_000;

let lastId = 0;

/** The transfers of one case, as its client knows them. */
export class Transfers {
  readonly #world: World;
  readonly ids: number[] = [];
  /** Sessions that have been there before. */
  known: ReadonlySet<string> = new Set();

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * Behind a transfer that has gone well: everybody is connected again, and lives.
   *
   * @returns what was told of the last one, where none did
   */
  async open(count: number): Promise<string | undefined> {
    const { actors } = this.#world;
    let last: Told | undefined;
    const isWell = await holds(async () => {
      const id = await this.#accounts(1);
      actors.C.send({ kind: 'transfer', transfer: { id, timeoutMs: TIMEOUT_MS } });
      await until(() => this.#told(id) !== undefined, ANSWER_MS_MAX);
      last = this.#told(id);
      return last?.told === 'committed';
    }, WELL_MS_MAX);
    await holds(async () => isNothing(await leftOf(this.#world), false), QUIET_MS_MAX);
    const first = await this.#accounts(count);
    for (let index = 0; index < count; index += 1) this.ids.push(first + index);
    this.known = new Set((await sessionsOf(this.#world)).map(({ xid }) => xid));
    return isWell ? undefined : JSON.stringify(last);
  }

  /** @returns the first id of so many new ones */
  async #accounts(count: number): Promise<number> {
    const first = lastId + 1;
    lastId += count;
    const ids = Array.from({ length: count }, (_, index) => first + index);
    await openAccounts(this.#world, ids);
    return first;
  }

  send(transfer: Omit<Transfer, 'id'>): void {
    for (const id of this.ids) {
      this.#world.actors.C.send({ kind: 'transfer', transfer: { ...transfer, id } });
    }
  }

  /** The client waits behind both branches of the first one. */
  async held(): Promise<void> {
    const { C } = this.#world.actors;
    const [id] = this.ids;
    await until(
      () => C.reports.some((report) => report.kind === 'held' && report.id === id),
      ANSWER_MS_MAX,
    );
  }

  get xids(): readonly string[] {
    const { reports } = this.#world.actors.C;
    return reports.flatMap((report) =>
      report.kind === 'xid' && this.ids.includes(report.id) ? [report.xid] : [],
    );
  }

  /** Where there is one transfer, its session is the only new one, whoever has died. */
  byId(sessions: readonly SessionRecord[]): ReadonlyMap<number, SessionRecord | undefined> {
    const { reports } = this.#world.actors.C;
    const [only] = this.ids;
    if (this.ids.length === 1 && only !== undefined) return new Map([[only, sessions[0]]]);
    const found = new Map<number, SessionRecord | undefined>();
    for (const report of reports) {
      if (report.kind !== 'xid' || !this.ids.includes(report.id)) continue;
      found.set(
        report.id,
        sessions.find(({ xid }) => xid === report.xid),
      );
    }
    return found;
  }

  get told(): ReadonlyMap<number, Told> {
    const told = new Map<number, Told>();
    for (const report of this.#world.actors.C.reports) {
      if (report.kind === 'told' && this.ids.includes(report.id)) told.set(report.id, report);
    }
    return told;
  }

  /** Whether the client was told something of each. */
  areTold(): Promise<boolean> {
    return holds(() => this.told.size === this.ids.length, ANSWER_MS_MAX);
  }

  #told(id: number): Told | undefined {
    const { reports } = this.#world.actors.C;
    return reports.find((report) => report.kind === 'told' && report.id === id) as Told | undefined;
  }
}
