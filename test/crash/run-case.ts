import { setTimeout as sleep } from 'node:timers/promises';

import { until } from '../support/until.js';
import type { CrashCase, PointFault, WireFault } from './cases.js';
import type { Left, SessionRecord } from './checks/books.js';
import { forgetLeft, leftOf, sessionsOf, tccFencesOf } from './checks/books.js';
import { entriesOf, openAccounts } from './checks/entries.js';
import type { Told } from './checks/judge.js';
import { judge } from './checks/judge.js';
import { holds, isNothing } from './checks/quiet.js';
import type { Point } from './points/point.interface.js';
import type { Transfer } from './process/messages.js';
import { overtake } from './twin.js';
import type { Actor } from './world/actor.js';
import type { Wire, World } from './world/world.js';

/** Longer than leases, heartbeats, and the pauses of phase two together. */
const QUIET_MS_MAX = 25_000;
const STRIKE_MS_MAX = 8_000;
const ANSWER_MS_MAX = 12_000;
const FREEZE_MS = 800;
const AGAIN_MS = 400;
const LATENCY_MS = 60;
const TIMEOUT_MS = 4_000;
/** For a transfer that goes well, after everything was started again. */
const WELL_MS_MAX = 15_000;
const DIRTY_BALANCE = 777;

export interface CaseResult {
  readonly violations: readonly string[];
  readonly kills: number;
}

let lastId = 0;

/** One case in a world that is whole; the world is whole again behind it. */
export async function runCase(world: World, crashCase: CrashCase): Promise<CaseResult> {
  const run = new CaseRun(world);
  try {
    await world.useStore(
      'fault' in crashCase && crashCase.fault === 'kill-store' ? 'database' : 'file',
    );
    if ('wire' in crashCase) await run.onWire(crashCase.wire, crashCase.fault);
    else await run.atPoint(crashCase.point, crashCase.fault);
  } catch (error) {
    run.violations.push(`BROKEN: ${String(error)}`);
    await run.repair();
  }
  return run;
}

class CaseRun implements CaseResult {
  readonly violations: string[] = [];
  kills = 0;
  readonly #world: World;
  readonly #ids: number[] = [];
  #known = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  async atPoint(point: Point, fault: PointFault): Promise<void> {
    const { actors } = this.#world;
    const victim = actors[point.actor];
    await this.#open(point.count ?? 1);
    // What is still written of the transfer before does not count.
    const behind = point.actor === 'T' && !point.at.startsWith('begin') ? 'begin.before>' : '';
    const isKilledThere = fault === 'kill' || fault === 'kill-again';
    const action = isKilledThere && point.twin === undefined ? 'kill' : 'stop';
    await victim.plan(`${action}:${behind}${point.at}`);
    this.#send({ timeoutMs: point.actor === 'C' ? 600 : TIMEOUT_MS, ...point.transfer });
    if (point.isDirty === true) await this.#dirty();
    const isStruck = await holds(() => !victim.isAlive || victim.isStopped, STRIKE_MS_MAX);
    if (!isStruck) this.violations.push(`NOT REACHED: ${point.actor} did not pass ${point.at}`);
    else await this.#follow(victim, point, fault);
    if (isStruck && !victim.isAlive) throw new Error(`${point.actor} did not come back`);
    if (point.asleep === 'C') actors.C.send({ kind: 'go' });
    await victim.plan(undefined);
    await this.#close({
      isAnswered: !(point.actor === 'C' && action === 'kill'),
      ...(point.isDirty === true && { dirtyBalance: DIRTY_BALANCE }),
      ...(point.way === 'rollback' && { expected: 'rolled-back' }),
      ...(point.isDecided === true && { expected: 'committed' }),
    });
    for (const twin of Object.values(this.#world.twins)) twin.kill();
  }

  async onWire(wire: Wire, fault: WireFault): Promise<void> {
    const relay = this.#world.wires[wire];
    await this.#open(1);
    const { struck } = relay;
    if (fault === 'latency') relay.latencyMs = LATENCY_MS;
    else if (wire !== 'C-T') relay.arm(fault, this.#textOn(wire));
    this.#send({ timeoutMs: TIMEOUT_MS, isHeld: wire === 'C-T' });
    if (wire === 'C-T') {
      const { C } = this.#world.actors;
      await this.#held();
      const [xid = ''] = this.#xids();
      if (fault !== 'latency') relay.arm(fault, xid);
      C.send({ kind: 'go' });
    }
    if (fault !== 'latency' && !(await holds(() => relay.struck > struck, STRIKE_MS_MAX))) {
      this.violations.push(`NOT REACHED: nothing to ${fault} on ${wire}`);
    }
    await this.#close({ isAnswered: true });
  }

  /** By which the packet of phase one is known that must not be lost without a word. */
  #textOn(wire: Exclude<Wire, 'C-T'>): string {
    const { P1, P2 } = this.#world.actors;
    const { modes = [] } = (wire === 'P2-D2' ? P2 : P1).settings;
    return wire.includes('-D') && modes.includes('XA') ? 'PREPARE' : WIRE_TEXTS[wire];
  }

  /** Whatever has happened: everybody runs again. */
  async repair(): Promise<void> {
    const { actors, twins, wires } = this.#world;
    for (const wire of Object.values(wires)) wire.latencyMs = 0;
    for (const twin of Object.values(twins)) twin.kill();
    for (const actor of Object.values(actors)) {
      if (actor.isStopped) actor.thaw();
      if (!actor.isReady) {
        actor.kill();
        await actor.start();
      }
      await actor.plan(undefined);
    }
  }

  /** Behind a transfer that has gone well: everybody is connected again, and lives. */
  async #open(count: number): Promise<void> {
    const { actors } = this.#world;
    let last: Told | undefined;
    const isWell = await holds(async () => {
      const id = await this.#accounts(1);
      actors.C.send({ kind: 'transfer', transfer: { id, timeoutMs: TIMEOUT_MS } });
      await until(() => this.#told(id) !== undefined, ANSWER_MS_MAX);
      last = this.#told(id);
      return last?.told === 'committed';
    }, WELL_MS_MAX);
    if (!isWell) this.violations.push(`NOT ALIVE: the last transfer: ${JSON.stringify(last)}`);
    await holds(async () => isNothing(await leftOf(this.#world), false), QUIET_MS_MAX);
    const first = await this.#accounts(count);
    for (let index = 0; index < count; index += 1) this.#ids.push(first + index);
    this.#known = new Set((await sessionsOf(this.#world)).map(({ xid }) => xid));
  }

  /** @returns the first id of so many new ones */
  async #accounts(count: number): Promise<number> {
    const first = lastId + 1;
    lastId += count;
    await openAccounts(
      this.#world,
      Array.from({ length: count }, (_, index) => first + index),
    );
    return first;
  }

  #send(transfer: Omit<Transfer, 'id'>): void {
    for (const id of this.#ids) {
      this.#world.actors.C.send({ kind: 'transfer', transfer: { ...transfer, id } });
    }
  }

  async #dirty(): Promise<void> {
    const { actors, left } = this.#world;
    await this.#held();
    await left.query('UPDATE account SET balance = $2 WHERE id = $1', [
      this.#ids[0],
      DIRTY_BALANCE,
    ]);
    actors.C.send({ kind: 'go' });
  }

  async #follow(victim: Actor, { twin }: Point, fault: PointFault): Promise<void> {
    const { servers } = this.#world;
    this.kills += fault === 'freeze' ? 0 : 1;
    if (twin !== undefined) {
      this.kills += await overtake(this.#world, { victim, twin, known: this.#known });
      if (fault === 'kill') victim.kill();
    }
    if (fault === 'freeze' && twin !== undefined) {
      victim.thaw();
    } else if (fault === 'freeze') {
      await sleep(FREEZE_MS);
      victim.thaw();
    } else if (fault === 'kill') {
      await victim.start();
    } else if (fault === 'kill-again') {
      await this.#killAgain(victim);
    } else {
      const server =
        fault === 'kill-store' ? servers.S : servers[victim.role === 'P1' ? 'D1' : 'D2'];
      await server.kill();
      victim.thaw();
      await server.restart();
    }
  }

  async #killAgain(victim: Actor): Promise<void> {
    await victim.launch('kill:*@1');
    let readyAtMs = Infinity;
    await until(() => {
      if (victim.isReady) readyAtMs = Math.min(readyAtMs, performance.now());
      return !victim.isAlive || performance.now() - readyAtMs > AGAIN_MS;
    }, ANSWER_MS_MAX);
    if (victim.isAlive) return;
    this.kills += 1;
    await victim.start();
  }

  async #close(expectation: {
    readonly isAnswered: boolean;
    readonly expected?: 'committed' | 'rolled-back';
    readonly dirtyBalance?: number;
  }): Promise<void> {
    const world = this.#world;
    if (
      expectation.isAnswered &&
      !(await holds(() => this.#allTold().size === this.#ids.length, ANSWER_MS_MAX))
    ) {
      this.violations.push('SILENT: the client was told nothing');
    }
    for (const wire of Object.values(world.wires)) wire.latencyMs = 0;
    await this.#bury();
    let left: Left | undefined;
    const isQuiet = await holds(async () => {
      left = await leftOf(world).catch(() => undefined);
      return left !== undefined && isNothing(left, expectation.dirtyBalance !== undefined);
    }, QUIET_MS_MAX);
    if (!isQuiet) this.violations.push(`LEFT: ${JSON.stringify(left)}`);
    const sessions = (await sessionsOf(world)).filter(({ xid }) => !this.#known.has(xid));
    const entries = await entriesOf(world, this.#ids);
    const fences = await tccFencesOf(world);
    const told = this.#allTold();
    this.violations.push(
      ...judge({ entries, sessions: this.#byId(sessions), fences, told, ...expectation }),
    );
    // What is left, or to be left, is no matter of the next case.
    if (!isQuiet || expectation.dirtyBalance !== undefined) await forgetLeft(world);
  }

  /** Nobody ends but those who are killed. */
  async #bury(): Promise<void> {
    for (const actor of Object.values(this.#world.actors)) {
      if (actor.isAlive) continue;
      this.violations.push(`DIED: ${actor.role} has ended by itself: ${actor.output}`);
      await actor.start();
    }
  }

  async #held(): Promise<void> {
    const { C } = this.#world.actors;
    const [id] = this.#ids;
    await until(
      () => C.reports.some((report) => report.kind === 'held' && report.id === id),
      ANSWER_MS_MAX,
    );
  }

  #xids(): readonly string[] {
    const { reports } = this.#world.actors.C;
    return reports.flatMap((report) =>
      report.kind === 'xid' && this.#ids.includes(report.id) ? [report.xid] : [],
    );
  }

  /** Where there is one transfer, its session is the only new one, whoever has died. */
  #byId(sessions: readonly SessionRecord[]): ReadonlyMap<number, SessionRecord | undefined> {
    const { reports } = this.#world.actors.C;
    const [only] = this.#ids;
    if (this.#ids.length === 1 && only !== undefined) return new Map([[only, sessions[0]]]);
    const found = new Map<number, SessionRecord | undefined>();
    for (const report of reports) {
      if (report.kind !== 'xid' || !this.#ids.includes(report.id)) continue;
      found.set(
        report.id,
        sessions.find(({ xid }) => xid === report.xid),
      );
    }
    return found;
  }

  #told(id: number): Told | undefined {
    const { reports } = this.#world.actors.C;
    return reports.find((report) => report.kind === 'told' && report.id === id) as Told | undefined;
  }

  #allTold(): ReadonlyMap<number, Told> {
    const told = new Map<number, Told>();
    for (const report of this.#world.actors.C.reports) {
      if (report.kind === 'told' && this.#ids.includes(report.id)) told.set(report.id, report);
    }
    return told;
  }
}

/** By which the packet of phase one is known. */
const WIRE_TEXTS: Readonly<Record<Exclude<Wire, 'C-T'>, string>> = {
  'P1-T': 'left',
  'P2-T': 'right',
  'C-P1': 'POST /work',
  'C-P2': 'POST /work',
  'P1-D1': 'COMMIT',
  'P2-D2': 'COMMIT',
};
