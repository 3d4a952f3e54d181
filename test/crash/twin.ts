import type { RowDataPacket } from 'mysql2/promise';

import { until } from '../support/until.js';
import { sessionsOf } from './checks/books.js';
import type { Point, Twin } from './points/point.interface.js';
import type { Role } from './process/messages.js';
import type { Actor } from './world/actor.js';
import type { World } from './world/world.js';

/** The time of a transfer, heartbeats that are missed, and the first pauses of phase two. */
const OVERTAKEN_MS_MAX = 15_000;

interface Overtaken {
  /** It is asleep. */
  readonly victim: Actor;
  readonly twin: Twin;
  /** Sessions that have been there before the transfer. */
  readonly known: ReadonlySet<string>;
}

/** It stands by before anything happens: local transactions of those asleep do not stay long. */
export async function startTwin({ twins }: World, { actor, twin }: Point): Promise<void> {
  if (twin === undefined) return;
  const plan = twin.killedAt === undefined ? undefined : `kill:${twin.killedAt}`;
  await twins[roleOf(actor)].start(plan);
}

/**
 * A second instance takes over meanwhile.
 *
 * @returns how often it was killed
 */
export async function overtake(world: World, overtaken: Overtaken): Promise<number> {
  const { twin, victim } = overtaken;
  const second = world.twins[roleOf(victim.role)];
  if (twin.killedAt !== undefined) {
    await until(() => !second.isAlive, OVERTAKEN_MS_MAX);
    if (twin.until !== 'killed') await second.start();
  }
  if (twin.until !== 'killed') {
    await until(() => isOvertaken(world, overtaken), OVERTAKEN_MS_MAX);
  }
  return twin.killedAt === undefined ? 0 : 1;
}

function roleOf(role: Role): Exclude<Role, 'C'> {
  if (role === 'C') throw new Error('There is only one client.');
  return role;
}

async function isOvertaken(world: World, { known, twin, victim }: Overtaken): Promise<boolean> {
  if (twin.until === 'waiting') return isWaiting(world, victim);
  const sessions = await sessionsOf(world);
  return sessions.some(({ isEnded, xid }) => isEnded && !known.has(xid));
}

/** Whether somebody waits for a row lock in the database of the participant. */
async function isWaiting({ left, right }: World, { role }: Actor): Promise<boolean> {
  if (role === 'P1') {
    const { rows } = await left.query(
      "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%tcc_fence%'",
    );
    return rows.length > 0;
  }
  // INNODB_TRX does not change while it is read every few milliseconds.
  const [rows] = await right.query<RowDataPacket[]>(
    `SELECT 1 FROM information_schema.processlist
      WHERE info LIKE '%dtx_tcc_fence%' AND command <> 'Sleep' AND time_ms > 150
        AND id <> CONNECTION_ID()`,
  );
  return rows.length > 0;
}
