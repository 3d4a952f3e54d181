import type { CrashCase, PointFault, WireFault } from './cases.js';
import { needsDatabase } from './cases.js';
import type { Left } from './checks/books.js';
import { forgetLeft, leftOf, sessionsOf, tccFencesOf } from './checks/books.js';
import { entriesOf } from './checks/entries.js';
import { judge } from './checks/judge.js';
import { holds, isNothing } from './checks/quiet.js';
import { follow } from './follow.js';
import { leaveOrphan } from './orphan.js';
import type { Point } from './points/point.interface.js';
import { QUIET_MS_MAX, TIMEOUT_MS, Transfers } from './transfers.js';
import { startTwin } from './twin.js';
import type { Actor } from './world/actor.js';
import type { Wire, World } from './world/world.js';

const STRIKE_MS_MAX = 8_000;
const LATENCY_MS = 60;
const DIRTY_BALANCE = 777;
/** A machine that is too busy for a fault in time gets another chance. */
const ATTEMPTS_MAX = 3;

/** The fault did not happen, so the case has proved nothing. */
const NOT_REACHED = 'NOT REACHED';

export interface CaseResult {
  readonly violations: readonly string[];
  readonly kills: number;
}

/** One case in a world that is whole; the world is whole again behind it. */
export async function runCase(world: World, crashCase: CrashCase): Promise<CaseResult> {
  let kills = 0;
  for (let attempt = 1; ; attempt += 1) {
    const run = await runOnce(world, crashCase);
    kills += run.kills;
    const isProof = run.violations.some((violation) => !violation.startsWith(NOT_REACHED));
    if (run.violations.length === 0 || isProof || attempt === ATTEMPTS_MAX) {
      return { violations: run.violations, kills };
    }
  }
}

async function runOnce(world: World, crashCase: CrashCase): Promise<CaseResult> {
  const run = new CaseRun(world);
  try {
    await world.useStore(needsDatabase(crashCase) ? 'database' : 'file');
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
  readonly #transfers: Transfers;

  constructor(world: World) {
    this.#world = world;
    this.#transfers = new Transfers(world);
  }

  async atPoint(point: Point, fault: PointFault): Promise<void> {
    const { actors, twins } = this.#world;
    const victim = actors[point.actor];
    await this.#open(point.count ?? 1);
    const isKilledThere = fault === 'kill' || fault === 'kill-again';
    const action = isKilledThere && point.twin === undefined ? 'kill' : 'stop';
    // What is still written of the transfer before does not count.
    const behind = point.actor === 'T' && !point.at.startsWith('begin') ? 'begin.before>' : '';
    const plan = `${action}:${behind}${point.at}`;
    const wire = point.delayed && this.#world.wires[point.delayed.wire];
    const release = point.delayed && wire?.hold(point.delayed.text);
    if (point.delayed?.until !== 'told') await victim.plan(plan);
    await startTwin(this.#world, point);
    if (point.orphan === true) await leaveOrphan(this.#world, point.actor);
    const timeoutMs = point.actor === 'C' ? 600 : TIMEOUT_MS;
    this.#transfers.send({ timeoutMs, ...point.transfer });
    if (point.isDirty === true) await this.#dirty();
    if (point.delayed?.until === 'told') {
      await this.#transfers.areTold();
      await victim.plan(plan.replace(behind, ''));
      release?.();
    }
    await this.#strike(victim, point, fault);
    release?.();
    if (point.asleep === 'C') actors.C.send({ kind: 'go' });
    await victim.plan(undefined);
    await this.#close({
      isAnswered: !(point.actor === 'C' && action === 'kill'),
      ...(point.isDirty === true && { dirtyBalance: DIRTY_BALANCE }),
      ...(point.way === 'rollback' && { expected: 'rolled-back' }),
      ...(point.isDecided === true && { expected: 'committed' }),
    });
    for (const twin of Object.values(twins)) twin.kill();
  }

  async onWire(wire: Wire, fault: WireFault): Promise<void> {
    const relay = this.#world.wires[wire];
    await this.#open(1);
    const { struck } = relay;
    let release: (() => void) | undefined;
    const harm = (text: string): void => {
      if (fault === 'latency') relay.latencyMs = LATENCY_MS;
      else if (fault === 'late') release = relay.hold(text);
      else relay.arm(fault, text);
    };
    const isEnd = wire === 'C-T';
    if (!isEnd) harm(this.#textOn(wire));
    this.#transfers.send({ timeoutMs: TIMEOUT_MS, isHeld: isEnd });
    if (isEnd) {
      await this.#transfers.held();
      harm(this.#transfers.xids[0] ?? '');
      this.#world.actors.C.send({ kind: 'go' });
    }
    if (fault !== 'latency' && !(await holds(() => relay.struck > struck, STRIKE_MS_MAX))) {
      this.violations.push(`${NOT_REACHED}: nothing to ${fault} on ${wire}`);
    }
    if (fault === 'late') await this.#transfers.areTold();
    release?.();
    await this.#close({ isAnswered: true });
  }

  /** By which the packet of phase one is known that must not be lost without a word. */
  #textOn(wire: Exclude<Wire, 'C-T'>): string {
    const { P1, P2 } = this.#world.modes;
    const modes = wire === 'P2-D2' ? P2 : P1;
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
      if (!actor.isAlive) await actor.start();
    }
  }

  async #open(count: number): Promise<void> {
    const last = await this.#transfers.open(count);
    if (last !== undefined) this.violations.push(`NOT ALIVE: the last transfer: ${last}`);
  }

  async #dirty(): Promise<void> {
    const { actors, left } = this.#world;
    await this.#transfers.held();
    await left.query('UPDATE account SET balance = $2 WHERE id = $1', [
      this.#transfers.ids[0],
      DIRTY_BALANCE,
    ]);
    actors.C.send({ kind: 'go' });
  }

  async #strike(victim: Actor, point: Point, fault: PointFault): Promise<void> {
    if (!(await holds(() => !victim.isAlive || victim.isStopped, STRIKE_MS_MAX))) {
      this.violations.push(`${NOT_REACHED}: ${point.actor} did not pass ${point.at}`);
      return;
    }
    const { known } = this.#transfers;
    this.kills += await follow(this.#world, { victim, point, fault, known });
    if (!victim.isAlive) throw new Error(`${point.actor} did not come back`);
  }

  async #close(expectation: {
    readonly isAnswered: boolean;
    readonly expected?: 'committed' | 'rolled-back';
    readonly dirtyBalance?: number;
  }): Promise<void> {
    const world = this.#world;
    const transfers = this.#transfers;
    if (expectation.isAnswered && !(await transfers.areTold())) {
      this.violations.push('SILENT: the client was told nothing');
    }
    for (const wire of Object.values(world.wires)) wire.latencyMs = 0;
    await this.#bury();
    let left: Left | undefined;
    const { actors, twins } = world;
    const all = [...Object.values(actors), ...Object.values(twins)];
    const isQuiet = await holds(async () => {
      // Whoever comes late must not have an effect, and is given the time for it.
      if (all.some(({ isWorking }) => isWorking)) return false;
      left = await leftOf(world).catch(() => undefined);
      return left !== undefined && isNothing(left, expectation.dirtyBalance !== undefined);
    }, QUIET_MS_MAX);
    if (!isQuiet) this.violations.push(`LEFT: ${JSON.stringify(left)}`);
    const sessions = (await sessionsOf(world)).filter(({ xid }) => !transfers.known.has(xid));
    const entries = await entriesOf(world, transfers.ids);
    const fences = await tccFencesOf(world);
    const { told } = transfers;
    this.violations.push(
      ...judge({ entries, sessions: transfers.byId(sessions), fences, told, ...expectation }),
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
}

/** By which the packet of phase one is known. */
const WIRE_TEXTS: Readonly<Record<Exclude<Wire, 'C-T'>, string>> = {
  'P1-T': 'left',
  'P2-T': 'right',
  'C-P1': 'POST /work',
  'C-P2': 'POST /work',
  'P1-D1': 'COMMIT',
  // mysql2 is switched to autocommit and back, which commits.
  'P2-D2': 'autocommit = 1',
};
