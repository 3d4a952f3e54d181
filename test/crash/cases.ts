import type { Fault } from '../support/fault-proxy.js';
import { AT_POINTS } from './points/at.js';
import { MIXED_POINTS } from './points/mixed.js';
import type { Point, PointTable } from './points/point.interface.js';
import { TCC_POINTS } from './points/tcc.js';
import { XA_POINTS } from './points/xa.js';
import type { Mode, Wire } from './world/world.js';

/** What befalls the actor of a point, or whom it depends on. */
export type PointFault =
  | 'kill'
  /** Its successor is killed at its first failpoint, too. */
  | 'kill-again'
  /** It sleeps for longer than leases and heartbeats, and wakes as if nothing had been. */
  | 'freeze'
  /** The coordinator's database dies while the coordinator is there. */
  | 'kill-store'
  /** The business database dies while its participant is there. */
  | 'kill-database';

export type WireFault =
  | Fault
  | 'latency'
  /** The packet, and what is behind it, arrives when the client has been told something. */
  | 'late';

export type CrashCase =
  | { readonly number: number; readonly point: Point; readonly fault: PointFault }
  | { readonly number: number; readonly wire: Wire; readonly fault: WireFault };

type Unnumbered =
  | { readonly point: Point; readonly fault: PointFault }
  | { readonly wire: Wire; readonly fault: WireFault };

const TABLES: Readonly<Record<Mode, PointTable>> = {
  at: AT_POINTS,
  tcc: TCC_POINTS,
  xa: XA_POINTS,
  mixed: MIXED_POINTS,
};

const WIRES: readonly Wire[] = ['C-T', 'P1-T', 'P2-T', 'C-P1', 'C-P2', 'P1-D1', 'P2-D2'];
const WIRE_FAULTS: readonly WireFault[] = [
  'latency',
  'black-hole',
  'lose-request',
  'lose-reply',
  'late',
];

export function tableOf(mode: Mode): PointTable {
  return TABLES[mode];
}

/** All cases of a mode. Their numbers are for people: they change when points are added. */
export function casesOf(mode: Mode): readonly CrashCase[] {
  const { points } = tableOf(mode);
  const each: Unnumbered[] = [
    ...points.map((point) => ({ point, fault: 'kill' as const })),
    ...points.filter(isRecovering).map((point) => ({ point, fault: 'kill-again' as const })),
    ...points.filter(isFreezable).map((point) => ({ point, fault: 'freeze' as const })),
    ...points.filter(isAtDatabase).map((point) => ({ point, fault: 'kill-database' as const })),
    ...WIRES.flatMap((wire) => WIRE_FAULTS.map((fault) => ({ wire, fault }))),
    ...points.filter(isAtStore).map((point) => ({ point, fault: 'kill-store' as const })),
  ];
  // Last, and together: the coordinator moves to its database once.
  const all = [...each.filter((one) => !needsDatabase(one)), ...each.filter(needsDatabase)];
  return all.map((one, index) => ({ number: index + 1, ...one }));
}

/** Whether the coordinator keeps its records in a database: that dies, or two nodes share it. */
export function needsDatabase(one: Unnumbered): boolean {
  if ('wire' in one) return false;
  const { actor, twin } = one.point;
  return one.fault === 'kill-store' || (actor === 'T' && twin !== undefined);
}

/** The client has no recovery of its own. */
const isRecovering = ({ actor, asleep, twin }: Point): boolean =>
  actor !== 'C' && asleep === undefined && twin === undefined;

const isFreezable = ({ asleep, isDirty = false }: Point): boolean =>
  asleep === undefined && !isDirty;

/** Statements that are under way to the database, or have just been. */
const isAtDatabase = ({ actor, asleep, at, isDirty = false, twin }: Point): boolean =>
  asleep === undefined &&
  twin === undefined &&
  (actor === 'P1' || actor === 'P2') &&
  !isDirty &&
  /sent|prepared|restored|before|xa.ended|tcc.*(received|fenced|worked)/.test(at);

const isAtStore = ({ actor, asleep, at, isDirty = false, twin }: Point): boolean =>
  actor === 'T' && asleep === undefined && twin === undefined && !isDirty && !at.includes('store.');

export function titleOf(crashCase: CrashCase): string {
  if ('wire' in crashCase) return `${crashCase.fault} on ${crashCase.wire}`;
  const { fault, point } = crashCase;
  const numbers = point.numbers.join(', ') || 'a point without number';
  return `${fault} at ${numbers} (${point.actor} ${point.at}, ${point.way}): ${point.what}`;
}
