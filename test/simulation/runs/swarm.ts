import type { NetworkFaults, Rng } from '../kernel/index.js';
import type { StoreFaults } from '../store/faulty-store.js';

/** Which faults a run has, and how many of them. */
export interface Swarm {
  readonly network: NetworkFaults;
  readonly store: StoreFaults;
  /** Probability per port call that the process dies there. */
  readonly crashRate: number;
  readonly downMsMax: number;
  /** How many one-way cuts a second begin. */
  readonly cutsPerSecond: number;
  /** How many coordinators a second are stopped in an orderly way, and started again. */
  readonly stopsPerSecond: number;
  /** How many processes a second are frozen for a while, as by a pause of the whole machine. */
  readonly freezesPerSecond: number;
  /** How many times a second the store is out of reach, for one node or for all. */
  readonly outagesPerSecond: number;
  /** Branches whose phase two a participant gives up, until a person orders another try. */
  readonly cannotRate: number;
  /** A wall clock is off by up to this much, and jumps within these bounds. */
  readonly skewMsMax: number;
  /** Local transactions of participants that fail, or whose answer is lost. */
  readonly databaseErrorRate: number;
  /** Local transactions that take very long before they commit. */
  readonly slowWorkRate: number;
  readonly client: ClientHabits;
}

/** Rates are probabilities per transaction. */
export interface ClientHabits {
  readonly walkAwayRate: number;
  readonly rollbackRate: number;
  /** Commits and lets another client roll back at the same time. */
  readonly bothRate: number;
  readonly forbidRate: number;
  /** Short of time. */
  readonly hastyRate: number;
  /** Goes on with its work before it hears that it has begun. */
  readonly boldRate: number;
}

/** No faults, and clients that do what they should. */
export const CALM: Swarm = {
  network: { lossRate: 0, duplicateRate: 0, slowRate: 0, slowMsMax: 0, garbageRate: 0 },
  store: {
    refusalRate: 0,
    lossRate: 0,
    untoldRate: 0,
    poisonRate: 0,
    slowRate: 0,
    slowMsMax: 0,
  },
  crashRate: 0,
  downMsMax: 0,
  cutsPerSecond: 0,
  stopsPerSecond: 0,
  freezesPerSecond: 0,
  outagesPerSecond: 0,
  cannotRate: 0,
  skewMsMax: 0,
  databaseErrorRate: 0,
  slowWorkRate: 0,
  client: {
    walkAwayRate: 0,
    rollbackRate: 0.2,
    bothRate: 0,
    forbidRate: 0,
    hastyRate: 0,
    boldRate: 0,
  },
};

/** How often a kind of fault is part of a run at all: some runs are calm in one way. */
const ON_RATE = 0.6;

/**
 * Some clocks are off by an hour. A lease may then last as long, so that only safety can be asked
 * for: a wrong clock may cost time, and nothing else.
 */
const WILD_RATE = 0.05;
export const WILD_SKEW_MS = 3_600_000;

/** Each seed draws its own mixture: what hides behind frequent faults shows without them. */
export function drawSwarm(rng: Rng): Swarm {
  const upTo = (max: number): number => (rng.chance(ON_RATE) ? rng.between(0, max) : 0);
  return {
    network: {
      lossRate: upTo(0.15),
      duplicateRate: upTo(0.2),
      slowRate: upTo(0.2),
      slowMsMax: rng.between(50, 3_000),
      garbageRate: upTo(0.02),
    },
    store: {
      refusalRate: upTo(0.1),
      lossRate: upTo(0.05),
      untoldRate: upTo(0.1),
      poisonRate: upTo(0.05),
      slowRate: upTo(0.1),
      slowMsMax: rng.between(20, 2_000),
    },
    crashRate: upTo(0.01),
    downMsMax: rng.between(100, 5_000),
    cutsPerSecond: upTo(2),
    stopsPerSecond: upTo(0.5),
    freezesPerSecond: upTo(0.5),
    outagesPerSecond: upTo(0.3),
    cannotRate: upTo(0.1),
    skewMsMax: rng.chance(WILD_RATE) ? WILD_SKEW_MS : upTo(1_500),
    databaseErrorRate: upTo(0.1),
    slowWorkRate: upTo(0.1),
    client: {
      walkAwayRate: upTo(0.2),
      rollbackRate: rng.between(0, 0.4),
      bothRate: upTo(0.3),
      forbidRate: upTo(0.1),
      hastyRate: upTo(0.3),
      boldRate: upTo(0.3),
    },
  };
}
