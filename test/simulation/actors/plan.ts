import type { Rng, SimProcess } from '../kernel/index.js';
import { SimIds } from '../kernel/index.js';
import type { World } from '../runs/world.js';
import type { Booking } from './ledger.js';
import type { Work } from './participant.js';

/** One global transaction as its client means it. */
export interface Plan {
  readonly xid: string;
  readonly timeoutMs: number;
  readonly works: readonly { readonly at: SimProcess; readonly work: Work }[];
  /** All works at once, or one after the other. */
  readonly isParallel: boolean;
  /** The begin rides on the first registration, instead of a call of its own. */
  readonly beginsWithWork: boolean;
  /** Goes on with its work before it hears that it has begun. */
  readonly isBold: boolean;
  /** Somebody forbids the commit before it is asked for. */
  readonly isForbidden: boolean;
  readonly end: 'commit' | 'rollback' | 'both' | 'walk-away';
  readonly waitMs: number;
}

export const ACCOUNTS = ['a', 'b', 'c', 'd'];

/** Amounts of the works; each list comes to nothing, so that the sum of all accounts stays. */
const SHARES: readonly (readonly number[])[] = [[], [0], [-1, 1], [-1, 1], [-2, 1, 1]];
const AMOUNT_MAX = 50;
const TIMEOUT_MS_MIN = 300;
const TIMEOUT_MS_MAX = 4_000;
const HASTY_TIMEOUT_MS_MAX = 120;

export function drawPlan(world: World): Plan {
  const { participants, rng, swarm } = world;
  const xid = new SimIds(rng).newXid();
  const amount = rng.whole(1, AMOUNT_MAX);
  const works = rng.pick(SHARES).map((share, index) => ({
    at: rng.pick(participants),
    work: { xid, workId: `${xid}:${index}`, bookings: drawBookings(rng, share * amount) },
  }));
  const isHasty = rng.chance(swarm.client.hastyRate);
  return {
    xid,
    timeoutMs: isHasty
      ? rng.whole(1, HASTY_TIMEOUT_MS_MAX)
      : rng.whole(TIMEOUT_MS_MIN, TIMEOUT_MS_MAX),
    works,
    isParallel: rng.chance(0.5),
    beginsWithWork: works.length > 0 && rng.chance(0.3),
    isBold: rng.chance(swarm.client.boldRate),
    isForbidden: rng.chance(swarm.client.forbidRate),
    end: drawEnd(world),
    waitMs: rng.chance(0.3) ? rng.whole(1, 1_000) : 0,
  };
}

/** One account, or two whose amounts come to the same. */
function drawBookings(rng: Rng, amount: number): readonly Booking[] {
  const account = rng.pick(ACCOUNTS);
  if (amount !== 0) return [{ account, amount }];
  const other = rng.pick(ACCOUNTS.filter((name) => name !== account));
  return [
    { account, amount: -1 },
    { account: other, amount: 1 },
  ];
}

function drawEnd({ rng, swarm }: World): Plan['end'] {
  const { bothRate, rollbackRate, walkAwayRate } = swarm.client;
  if (rng.chance(walkAwayRate)) return 'walk-away';
  if (rng.chance(rollbackRate)) return 'rollback';
  return rng.chance(bothRate) ? 'both' : 'commit';
}
