import type pg from 'pg';

import { ACCOUNTS, BALANCE, SIDES } from '../business.js';
import type { JournalEntry } from '../node/journal.js';
import { readJournal } from '../node/journal.js';
import type { ClusterWorld } from '../world.js';

type Direction = 'commit' | 'rollback';

/** One that has ended has gone its whole way; of the others only the direction is known. */
const DIRECTIONS: Readonly<Record<string, Direction>> = {
  committing: 'commit',
  committed: 'commit',
  'rolling-back': 'rollback',
  'rolled-back': 'rollback',
};

/** What the coordinator, the participants and the clients say of one run. */
interface Evidence {
  readonly journal: readonly JournalEntry[];
  /** The status of each session, by its xid. */
  readonly statuses: ReadonlyMap<string, string>;
  readonly coordinator: pg.Pool;
  readonly business: pg.Pool;
}

type Check = (evidence: Evidence) => Promise<readonly string[]> | readonly string[];

/** Everything that must never be, one line each. */
export async function findViolations(world: ClusterWorld): Promise<readonly string[]> {
  const evidence: Evidence = {
    journal: world.journalFiles.flatMap(readJournal),
    statuses: await readStatuses(world.coordinator),
    coordinator: world.coordinator,
    business: world.business,
  };
  const found: string[] = [];
  for (const check of CHECKS) found.push(...(await check(evidence)));
  return found;
}

/** How many transactions clients have begun, and how they have ended. */
export async function countTransactions(world: ClusterWorld): Promise<{
  readonly transactions: number;
  readonly committed: number;
  readonly rolledBack: number;
}> {
  const begun = world.journalFiles.flatMap(readJournal).filter(({ kind }) => kind === 'begun');
  const statuses = [...(await readStatuses(world.coordinator)).values()];
  const count = (status: string): number => statuses.filter((found) => found === status).length;
  return {
    transactions: begun.length,
    committed: count('committed'),
    rolledBack: count('rolled-back'),
  };
}

async function readStatuses(coordinator: pg.Pool): Promise<ReadonlyMap<string, string>> {
  const { rows } = await coordinator.query<{ xid: string; status: string }>(
    'SELECT xid, status FROM dtx_coordinator.session',
  );
  return new Map(rows.map(({ status, xid }) => [xid, status]));
}

/** A begin that was answered is not forgotten. */
const forgotten: Check = ({ journal, statuses }) =>
  journal
    .filter(({ kind, xid }) => kind === 'begun' && !statuses.has(xid))
    .map(({ node, xid }) => `forgotten: node ${node} was told of the begin of ${xid}`);

/** What a client was told is what stands. */
const brokenPromises: Check = ({ journal, statuses }) =>
  journal.flatMap((entry) => {
    if (entry.kind !== 'told') return [];
    const told = DIRECTIONS[entry.status];
    const stands = DIRECTIONS[statuses.get(entry.xid) ?? ''];
    if (told !== undefined && told === stands) return [];
    return [
      `broken promise: node ${entry.node} asked for the ${entry.by} of ${entry.xid}, was told ` +
        `${entry.status}, and it is ${statuses.get(entry.xid) ?? 'absent'}`,
    ];
  });

/** A decision is made once; no write follows an older one than stands. */
const TURNED = `
SELECT xid, 'decided both ways, or left its end' AS what FROM public.witness
WHERE new_status IS DISTINCT FROM old_status AND NOT (old_status, new_status) IN (
  ('active', 'committing'), ('active', 'rolling-back'),
  ('active', 'committed'), ('active', 'rolled-back'),
  ('committing', 'committed'), ('rolling-back', 'rolled-back'))
UNION ALL
SELECT xid, 'written by owner ' || owner || ' who had lost it' FROM public.witness WHERE went_back`;

const turnedDecisions: Check = async ({ coordinator }) => linesOf(coordinator, TURNED);

/** Every step has an effect once at most, and all branches go one way. */
const WRONG_EFFECTS = `
SELECT xid, 'branch ' || branch_id || ' was prepared ' || prepared || ', committed ' || committed
  || ' and rolled back ' || rolled_back || ' time(s)' AS what
FROM effect WHERE prepared <> 1 OR committed + rolled_back <> 1
UNION ALL
SELECT xid, 'has branches that were committed and branches that were rolled back'
FROM effect GROUP BY xid HAVING max(committed) > 0 AND max(rolled_back) > 0
UNION ALL
SELECT xid, 'phase two was ordered in both directions'
FROM phase_two_order GROUP BY xid HAVING count(DISTINCT direction) > 1`;

const wrongEffects: Check = async ({ business }) => linesOf(business, WRONG_EFFECTS);

/** The effects are those of the decision, on every side of a transfer. */
const otherEffects: Check = async ({ business, statuses }) => {
  const { rows } = await business.query<{ xid: string; committed: number; rolled: number }>(
    `SELECT xid, sum(committed)::integer AS committed, sum(rolled_back)::integer AS rolled
     FROM effect GROUP BY xid`,
  );
  const effects = new Map(rows.map((row) => [row.xid, row]));
  const found: string[] = [];
  for (const [xid, status] of statuses) {
    const { committed = 0, rolled = 0 } = effects.get(xid) ?? {};
    const isRight = status === 'committed' ? committed === SIDES.length : committed === 0;
    if (isRight && (status !== 'committed' || rolled === 0)) continue;
    found.push(
      `other effects: ${xid} is ${status}, ${String(committed)} branch(es) of it were committed ` +
        `and ${String(rolled)} rolled back`,
    );
  }
  return found;
};

/** Money moves and neither comes nor goes. */
const lostMoney: Check = async ({ business }) => {
  const { rows } = await business.query<{ sum: string }>(
    'SELECT sum(balance)::text AS sum FROM account',
  );
  const expected = String(SIDES.length * ACCOUNTS * BALANCE);
  const sum = rows[0]?.sum ?? 'nothing';
  return sum === expected ? [] : [`lost money: the accounts hold ${sum} instead of ${expected}`];
};

async function linesOf(pool: pg.Pool, sql: string): Promise<string[]> {
  const { rows } = await pool.query<{ xid: string; what: string }>(sql);
  return rows.map(({ what, xid }) => `${xid} ${what}`);
}

const CHECKS: readonly Check[] = [
  forgotten,
  brokenPromises,
  turnedDecisions,
  wrongEffects,
  otherEffects,
  lostMoney,
];
