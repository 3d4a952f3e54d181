import type { Guards } from '../actors/ledger.js';
import { ALL_GUARDS } from '../actors/ledger.js';
import type { CrashPlan, Rng } from '../kernel/index.js';
import { NO_CRASHES } from '../kernel/index.js';
import type { Swarm } from './swarm.js';
import { CALM, WILD_SKEW_MS, drawSwarm } from './swarm.js';

/** Everything that a run is made of beside its seed. */
export interface Scenario {
  readonly engine: 'memory' | 'sqlite';
  readonly coordinatorCount: number;
  /** Batches that a node has on their way at once. */
  readonly batchesAtOnce: number;
  /** How long a node has a session for itself. */
  readonly leaseMs: number;
  /** How long an ended session answers. */
  readonly retentionMs: number;
  readonly participantCount: number;
  readonly clientCount: number;
  /** Global transactions of each client. */
  readonly transactionCount: number;
  readonly swarm: Swarm;
  readonly crashes: CrashPlan;
  readonly guards: Guards;
  /** How long faults happen, and how long everything may then take to come to rest. */
  readonly faultMs: number;
  readonly healMs: number;
  /** Whether all processes start again in between, or have to get along with what they remember. */
  readonly isRestarted: boolean;
}

const FAULT_MS = 8_000;
/** Longer than the longest pause that has grown meanwhile, a lease and a few calls together. */
const HEAL_MS = 36_000;

const CALM_MS = 3_000;

/** Some runs are long enough for records to be deleted, which is looked for once a minute. */
const LONG_RATE = 0.05;
const LONG_HEAL_MS = 84_000;
/** Longer than any message is on its way. */
const SHORT_RETENTION_MS = 20_000;
const RETENTION_MS = 86_400_000;

/** Most mistakes need more than one node. */
const COORDINATOR_COUNTS = [1, 2, 2, 3, 3];

/** Below the time of a call of phase two, above it, and the default. */
const LEASES_MS = [300, 1_000, 2_000];
const CALM_LEASE_MS = 2_000;

/** What a seed draws. */
export function drawScenario(rng: Rng, guards: Guards): Scenario {
  const swarm = drawSwarm(rng);
  // Age is told by wall clocks: they must agree within the time that records are kept.
  const isLong = rng.chance(LONG_RATE) && swarm.skewMsMax < WILD_SKEW_MS;
  const engine = rng.pick(['memory', 'sqlite'] as const);
  return {
    engine,
    // SQLite writes in this process, one batch after the other.
    batchesAtOnce: engine === 'sqlite' ? 1 : rng.whole(1, 2),
    coordinatorCount: rng.pick(COORDINATOR_COUNTS),
    leaseMs: rng.pick(LEASES_MS),
    retentionMs: isLong ? SHORT_RETENTION_MS : RETENTION_MS,
    participantCount: rng.whole(2, 3),
    clientCount: 2,
    transactionCount: rng.whole(4, 8),
    swarm,
    crashes: {
      momentAt: () => {
        if (!rng.chance(swarm.crashRate)) return undefined;
        return rng.chance(0.5) ? 'before' : 'after';
      },
      downMs: () => rng.between(20, swarm.downMsMax),
    },
    guards,
    faultMs: FAULT_MS,
    healMs: isLong ? LONG_HEAL_MS : HEAL_MS,
    isRestarted: rng.chance(0.5),
  };
}

/** Two nodes that share a store, and one that has it to itself. */
export type Arrangement = 'shared' | 'single';

/** A small schedule without any fault but the one crash that is asked for. */
export function calmScenario(arrangement: Arrangement, crashes: CrashPlan = NO_CRASHES): Scenario {
  const isShared = arrangement === 'shared';
  return {
    engine: isShared ? 'memory' : 'sqlite',
    batchesAtOnce: isShared ? 2 : 1,
    coordinatorCount: isShared ? 2 : 1,
    leaseMs: CALM_LEASE_MS,
    retentionMs: RETENTION_MS,
    participantCount: 2,
    clientCount: 2,
    transactionCount: 2,
    swarm: CALM,
    crashes,
    guards: ALL_GUARDS,
    faultMs: CALM_MS,
    healMs: HEAL_MS,
    isRestarted: false,
  };
}
