import type { CoordinatorClient } from '../../../lib/protocol/index.js';
import type { Entry } from '../coordinator-crash/journal.js';
import { violationsOf } from '../coordinator-crash/violations.js';
import type { RunJournal } from './run-journal.js';
import type { SessionRow, StoreWitness } from './store-witness.js';

interface Evidence {
  readonly journal: RunJournal;
  readonly store: StoreWitness;
  readonly clients: readonly CoordinatorClient[];
}

/** What must not be once everything has ended, in words. */
export async function findViolations({ clients, journal, store }: Evidence): Promise<string[]> {
  const sessions = await store.sessions();
  const endings = Object.fromEntries(sessions.map(({ status, xid }) => [xid, status]));
  const history = await store.history();
  const found = [...byXid(journal.entries)].flatMap(([xid, entries]) =>
    violationsOf({
      wasKilled: true,
      journal: entries,
      endings,
      history: (history.get(xid) ?? []).map((status) => `${xid} ${status}`),
      openCount: 0,
    }),
  );
  for (const xid of await store.overwritten()) found.push(`STALE: ${xid} was overwritten`);
  return [...found, ...forgottenIn(journal.entries), ...(await misreadBy(clients, sessions))];
}

function byXid(entries: readonly Entry[]): ReadonlyMap<string, Entry[]> {
  const groups = new Map<string, Entry[]>();
  for (const entry of entries) {
    const group = groups.get(entry.xid);
    if (group === undefined) groups.set(entry.xid, [entry]);
    else group.push(entry);
  }
  return groups;
}

/** Whoever has begun a transaction is not told that there is none. */
function forgottenIn(entries: readonly Entry[]): string[] {
  return entries.flatMap((entry) =>
    entry.kind === 'told' && entry.what === 'absent' ? [`FORGOTTEN: ${entry.xid} was absent`] : [],
  );
}

/** Every session is read once, and all clients and nodes have their share. */
async function misreadBy(
  clients: readonly CoordinatorClient[],
  sessions: readonly SessionRow[],
): Promise<string[]> {
  const read = await Promise.all(
    sessions.map(async ({ status: ending, xid }, place) => {
      const { status } = await clients[place % clients.length]!.status({ xid });
      return status === ending ? [] : [`MISREAD: ${xid} is ${ending}, and was read as ${status}`];
    }),
  );
  return read.flat();
}
