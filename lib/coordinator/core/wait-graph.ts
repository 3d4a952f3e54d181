/** One global transaction waits for rows of another one. */
export interface WaitEdge {
  readonly waiterXid: string;
  readonly holderXid: string;
}

/** For whom a global transaction waits. It may wait for several at once, in parallel branches. */
export type HoldersOf = (waiterXid: string) => Iterable<string>;

/**
 * The circle that this wait has to end, if there is one: the shortest that leads from its holder
 * back to its waiter, and of whose members the waiter has the greatest xid. Every circle has one
 * such member, so all who look at the same waits agree on it without asking each other.
 *
 * @returns the members in the order in which they wait for each other, the waiter first
 */
export function circleEndedBy(wait: WaitEdge, holdersOf: HoldersOf): readonly string[] | undefined {
  return wayBack(wait, holdersOf, (xid) => xid < wait.waiterXid);
}

/** Whether the wait is part of a circle, whoever has to end it. */
export function isInCircle(wait: WaitEdge, holdersOf: HoldersOf): boolean {
  return wayBack(wait, holdersOf, () => true) !== undefined;
}

/** Breadth first, from the holder to the waiter, who stands in front of the answer. */
function wayBack(
  { holderXid, waiterXid }: WaitEdge,
  holdersOf: HoldersOf,
  mayPass: (xid: string) => boolean,
): readonly string[] | undefined {
  // Nobody waits for itself: its own rows are no conflict.
  if (holderXid === waiterXid || !mayPass(holderXid)) return undefined;
  const cameFrom = new Map<string, string | undefined>([[holderXid, undefined]]);
  // A map hands out what is added while it is walked through.
  for (const xid of cameFrom.keys()) {
    for (const next of holdersOf(xid)) {
      if (next === waiterXid) return [waiterXid, ...wayTo(xid, cameFrom)];
      if (mayPass(next) && !cameFrom.has(next)) cameFrom.set(next, xid);
    }
  }
  return undefined;
}

function wayTo(last: string, cameFrom: ReadonlyMap<string, string | undefined>): readonly string[] {
  const way: string[] = [];
  for (let xid: string | undefined = last; xid !== undefined; xid = cameFrom.get(xid)) {
    way.unshift(xid);
  }
  return way;
}
