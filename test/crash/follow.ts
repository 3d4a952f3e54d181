import { setTimeout as sleep } from 'node:timers/promises';

import { until } from '../support/until.js';
import type { PointFault } from './cases.js';
import type { Point } from './points/point.interface.js';
import { overtake } from './twin.js';
import type { Actor } from './world/actor.js';
import type { World } from './world/world.js';

const FREEZE_MS = 800;
const AGAIN_MS = 400;
/** Also where the machine is busy with something else. */
const LAUNCH_MS_MAX = 90_000;

interface Struck {
  /** It has ended at the point, or sleeps there. */
  readonly victim: Actor;
  readonly point: Point;
  readonly fault: PointFault;
  /** Sessions that have been there before. */
  readonly known: ReadonlySet<string>;
}

/** What happens behind the point; the victim runs again then. Returns how many were killed. */
export async function follow(world: World, struck: Struck): Promise<number> {
  const { fault, known, point, victim } = struck;
  if (point.twin !== undefined) {
    const kills = await overtake(world, { victim, twin: point.twin, known });
    if (fault === 'freeze') {
      victim.thaw();
      return kills;
    }
    victim.kill();
    await victim.start();
    return kills + 1;
  }
  if (fault === 'freeze') {
    await sleep(FREEZE_MS);
    victim.thaw();
    return 0;
  }
  if (fault === 'kill') {
    await victim.start();
    return 1;
  }
  if (fault === 'kill-again') return 1 + (await killAgain(victim));
  const { servers } = world;
  const server = fault === 'kill-store' ? servers.S : servers[victim.role === 'P1' ? 'D1' : 'D2'];
  await server.kill();
  victim.thaw();
  await server.restart();
  return 1;
}

/** The successor is killed at its first failpoint, if it passes any. */
async function killAgain(victim: Actor): Promise<number> {
  await victim.launch('kill:*@1');
  let readyAtMs = Infinity;
  await until(() => {
    if (victim.isReady) readyAtMs = Math.min(readyAtMs, performance.now());
    return !victim.isAlive || performance.now() - readyAtMs > AGAIN_MS;
  }, LAUNCH_MS_MAX);
  // It may pass one until the plan is withdrawn.
  await victim.plan(undefined);
  if (victim.isAlive) return 0;
  await victim.start();
  return 1;
}
