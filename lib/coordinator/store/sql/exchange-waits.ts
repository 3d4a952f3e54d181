import type { PostedWait, WaitPosting } from '../session-store.interface.js';
import type { SqlDatabase, SqlRow } from './sql-database.interface.js';
import type { SqlEngine } from './sql-engine.interface.js';

/** Far beyond what the clocks of two nodes differ by. */
const FORGOTTEN_MS = 3_600_000;

/** As WaitBoard.exchange. One row for each node: a look costs as much for one wait as for many. */
export async function exchangeWaits(
  database: SqlDatabase,
  engine: SqlEngine,
  { node, nowMs, untilMs, waits }: WaitPosting,
): Promise<readonly PostedWait[]> {
  const text = waits.length === 0 ? undefined : writeWaits(waits);
  // Posted first: of two nodes that look at the same moment, one at least sees the other.
  const lapsedMs = nowMs - FORGOTTEN_MS;
  await engine.postWaits(database, { node, waits: text, untilMs, lapsedMs });
  if (text === undefined) return [];
  return (await engine.postedWaits(database, node, nowMs)).flatMap(readWaits);
}

function writeWaits(waits: readonly PostedWait[]): string {
  return JSON.stringify(
    waits.map(({ holderXid, namespace, waiterXid }) => [namespace, waiterXid, holderXid]),
  );
}

/** A later version may say more, or something else. */
function readWaits(row: SqlRow): readonly PostedWait[] {
  const list: unknown = JSON.parse(String(row['waits']));
  if (!Array.isArray(list)) return [];
  return list.filter(isWait).map(([namespace, waiterXid, holderXid]) => ({
    namespace,
    waiterXid,
    holderXid,
  }));
}

function isWait(item: unknown): item is [string, string, string] {
  if (!Array.isArray(item) || item.length < 3) return false;
  return item.slice(0, 3).every((part) => typeof part === 'string');
}
