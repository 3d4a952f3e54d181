import type { BranchRow, Ledger } from '../actors/ledger.js';
import type { History } from './history.js';
import { isEnded } from './history.js';
import type { Report } from './violation.js';
import type { Witness } from './witness.js';

/** What is left when everything has come to rest. */
export interface Remains {
  readonly history: History;
  readonly witness: Witness;
  readonly ledgers: readonly Ledger[];
  /** Sum of all accounts at the beginning. */
  readonly sum: number;
  /** Timers that each coordinator holds, by its name. */
  readonly timers: ReadonlyMap<string, number>;
  /** Sessions that each coordinator holds in memory, by its name. */
  readonly held: ReadonlyMap<string, number>;
  /** Batches that were written in the last seconds. */
  readonly lateWriteCount: number;
}

type Check = (remains: Remains, report: Report) => void;

/** A node at rest looks for lapsed leases, purges and little else; a session that stays has one. */
const TIMERS_AT_REST_MAX = 6;

const SAFETY: readonly Check[] = [decision, atomicity, promise, twice, hanging];

/** What takes its time, and is asked only where there was enough of it. */
const REST: readonly Check[] = [liveness, leak, conservation];

/** What must hold at all times. */
export function checkSafety(remains: Remains, report: Report): void {
  for (const check of SAFETY) check(remains, report);
}

/** What must hold when faults have stopped and enough time has passed. */
export function checkRest(remains: Remains, report: Report): void {
  for (const check of REST) check(remains, report);
}

/** Nothing is committed that nobody asked for, or that somebody has forbidden in time. */
function decision({ history, witness }: Remains, report: Report): void {
  for (const xid of history.sessions.keys()) {
    if (history.decisionOf(xid) !== 'commit') continue;
    if (!witness.hasAskedToCommit(xid)) report('DECISION', `${xid}: committed, and nobody asked`);
    if (witness.isForbidden(xid)) report('DECISION', `${xid}: committed, and that was forbidden`);
  }
}

/**
 * Every branch went the way of the decision, and a committed transaction has all its work. What has
 * not ended is LIVENESS's case.
 */
function atomicity({ history, ledgers, witness }: Remains, report: Report): void {
  const committed = new Map<string, number>();
  for (const row of rowsOf(ledgers)) {
    const status = history.sessions.get(row.xid)?.status ?? 'rolled-back';
    if (row.phaseOneCount === 0 || !isEnded(status)) continue;
    if (row.commitCount > 0) committed.set(row.xid, (committed.get(row.xid) ?? 0) + 1);
    const decided = history.decisionOf(row.xid) === 'commit' ? 'committed' : 'rolled-back';
    if (row.fence !== decided) {
      report('ATOMICITY', `${row.xid}: branch ${row.branchId} is ${row.fence}, not ${decided}`);
    }
  }
  for (const { workIds, xid } of witness.intents.values()) {
    if (history.sessions.get(xid)?.status !== 'committed') continue;
    const count = committed.get(xid) ?? 0;
    if (count === workIds.length) continue;
    report('ATOMICITY', `${xid}: committed with ${count} of ${workIds.length} branches`);
  }
}

/** What somebody was told is what stands, also where it was told that nothing has changed. */
function promise({ history, witness }: Remains, report: Report): void {
  for (const [xid, told] of witness.told) {
    const stands = history.decisionOf(xid);
    if (stands !== told) report('PROMISE', `${xid}: told ${told}, and it is ${String(stands)}`);
  }
  for (const { branches, xid } of history.sessions.values()) {
    const isCommitted = history.decisionOf(xid) === 'commit';
    if (isCommitted && !witness.mayHaveDone({ method: 'commit', xid })) {
      report('PROMISE', `${xid}: each commit was refused for good, and it is committed`);
    }
    for (const { branchId } of branches) {
      if (witness.mayHaveDone({ method: 'registerBranch', xid, branchId })) continue;
      report('PROMISE', `${xid}: branch ${branchId} was refused for good, and is registered`);
    }
  }
}

function liveness({ history }: Remains, report: Report): void {
  for (const { status, xid } of history.sessions.values()) {
    if (!isEnded(status)) report('LIVENESS', `${xid}: still ${status}`);
  }
}

function leak({ held, history, lateWriteCount, ledgers, timers }: Remains, report: Report): void {
  for (const ledger of ledgers) {
    for (const [account, xid] of ledger.locks) {
      report('LEAK', `${xid}: account ${account} at ${ledger.name} is still locked`);
    }
  }
  for (const row of rowsOf(ledgers)) {
    if (row.fence === 'phase-one') report('LEAK', `${row.xid}: branch ${row.branchId} is left`);
  }
  for (const { leaseUntilMs, status, xid } of history.sessions.values()) {
    const isLeft = isEnded(status) && leaseUntilMs < Number.MAX_SAFE_INTEGER;
    if (isLeft) report('LEAK', `${xid}: it has ended and still has a lease`);
  }
  if (lateWriteCount > 0) report('LEAK', `there is nothing to do, and it was written anew`);
  for (const [name, count] of held) {
    if (count > 0) report('LEAK', `${name} still holds ${count} sessions in memory`);
  }
  for (const [name, count] of timers) {
    if (count > TIMERS_AT_REST_MAX) report('LEAK', `${name} still holds ${count} timers`);
  }
}

function twice({ ledgers }: Remains, report: Report): void {
  for (const row of rowsOf(ledgers)) {
    const { branchId, commitCount, phaseOneCount, rollbackCount, xid } = row;
    const most = Math.max(phaseOneCount, commitCount, rollbackCount);
    if (most > 1) report('TWICE', `${xid}: an effect of branch ${branchId} came ${most} times`);
  }
}

function conservation({ ledgers, sum }: Remains, report: Report): void {
  const left = ledgers.reduce((total, ledger) => total + ledger.sum, 0);
  if (left !== sum) report('CONSERVATION', `the accounts held ${sum} and hold ${left} now`);
}

function hanging({ ledgers }: Remains, report: Report): void {
  for (const { branchId, isHanging, xid } of rowsOf(ledgers)) {
    if (isHanging)
      report('HANGING', `${xid}: phase one of branch ${branchId} came behind phase two`);
  }
}

function rowsOf(ledgers: readonly Ledger[]): readonly BranchRow[] {
  return ledgers.flatMap((ledger) => [...ledger.rows]);
}
