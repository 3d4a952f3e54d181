import type { BranchType } from '../../protocol/index.js';
import type { Origin } from './origin.js';

/** Where phase one of a branch was done. */
export interface BranchPlace {
  readonly type: BranchType;
  readonly applicationId: string;
  readonly instanceId: string | undefined;
}

/** Somebody who may finish branches. */
export interface Candidate {
  readonly origin: Origin;
  /** It wants to go: it is asked only where nobody else can be. */
  readonly isLeaving: boolean;
}

/** Whether phase two needs the database alone, and none of the application's own code. */
const IS_RESOURCE_BOUND: Readonly<Record<BranchType, boolean>> = {
  AT: true,
  XA: true,
  TCC: false,
  SAGA: false,
};

/**
 * The instances that may finish a branch, the best one first: the one that did phase one; another
 * of its application; for what is bound to a resource, any that has the resource. Those that leave
 * are candidates only where nobody stays.
 */
export function candidatesFor<T extends Candidate>(
  place: BranchPlace,
  instances: readonly T[],
): readonly T[] {
  const [first] = instances;
  if (first !== undefined && instances.length === 1) {
    return rank(place, first) === undefined ? [] : instances;
  }
  const candidates = instances
    .map((instance) => ({ instance, rank: rank(place, instance) }))
    .filter((entry): entry is { instance: T; rank: number } => entry.rank !== undefined)
    .sort((a, b) => a.rank - b.rank)
    .map(({ instance }) => instance);
  const staying = candidates.filter(({ isLeaving }) => !isLeaving);
  return staying.length > 0 ? staying : candidates;
}

/**
 * Whether a resource is there already, so that phase two would not know which of them to finish.
 * What needs an application's own code is another one in each application of a process.
 */
export function isSameResource(type: BranchType, a: Origin, b: Origin): boolean {
  if (a.instanceId !== b.instanceId) return false;
  return IS_RESOURCE_BOUND[type] || a.applicationId === b.applicationId;
}

function rank(place: BranchPlace, { origin }: Candidate): number | undefined {
  const isSameApplication =
    origin.applicationId === undefined || origin.applicationId === place.applicationId;
  if (isSameApplication) return origin.instanceId === place.instanceId ? 0 : 1;
  return IS_RESOURCE_BOUND[place.type] ? 2 : undefined;
}
