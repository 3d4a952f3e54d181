import type { BranchStatus, GlobalStatus } from '../../../lib/protocol/index.js';
import type { Session } from '../../../lib/coordinator/core/index.js';
import type { StoreCommand } from '../../../lib/coordinator/index.js';
import type { Report } from './violation.js';

export type Decision = 'commit' | 'rollback';

/**
 * Written down anew, and not taken from the product: a checker that asks the table which it checks
 * believes everything. One write may take two steps, hence the statuses behind the next one.
 */
const GLOBAL_STEPS: Readonly<Record<GlobalStatus, readonly GlobalStatus[]>> = {
  active: ['active', 'committing', 'committed', 'rolling-back', 'rolled-back'],
  committing: ['committing', 'committed'],
  committed: ['committed'],
  'rolling-back': ['rolling-back', 'rolled-back'],
  'rolled-back': ['rolled-back'],
};

const BRANCH_STEPS: Readonly<Record<BranchStatus, readonly BranchStatus[]>> = {
  registered: ['registered', 'abandoned', 'done', 'needs-attention'],
  abandoned: ['abandoned'],
  done: ['done'],
  'needs-attention': ['needs-attention', 'registered', 'done'],
  accepted: ['accepted'],
};

const DECISIONS: Readonly<Record<GlobalStatus, Decision | undefined>> = {
  active: undefined,
  committing: 'commit',
  committed: 'commit',
  'rolling-back': 'rollback',
  'rolled-back': 'rollback',
};

export const decisionOf = (status: GlobalStatus): Decision | undefined => DECISIONS[status];

export const isEnded = (status: GlobalStatus): boolean =>
  status === 'committed' || status === 'rolled-back';

/** Everything that has become durable, session by session, as it passed the store. */
export class History {
  readonly #report: Report;
  readonly #sessions = new Map<string, Session>();
  readonly #decisions = new Map<string, Decision>();

  constructor(report: Report) {
    this.#report = report;
  }

  /** What stands, by xid. */
  get sessions(): ReadonlyMap<string, Session> {
    return this.#sessions;
  }

  /** The first decision that became durable. */
  decisionOf(xid: string): Decision | undefined {
    return this.#decisions.get(xid);
  }

  /** A command that the store has answered with `done`. */
  applied(command: StoreCommand): void {
    if (command.kind === 'purge') return;
    const { after, before } = command;
    const found = this.#sessions.get(after.xid);
    if (found !== undefined) this.#compare(found, before, after);
    else if (before !== undefined) {
      this.#report('EPOCH', `${after.xid}: ${command.kind} changed a record that was not there`);
    }
    this.#decide(after);
    this.#sessions.set(after.xid, after);
  }

  /** A session that a node has taken over. */
  claimed(session: Session): void {
    const found = this.#sessions.get(session.xid);
    if (found === undefined || session.epoch !== found.epoch + 1) {
      const stood = String(found?.epoch);
      const message = `${session.xid}: claimed as epoch ${session.epoch} where ${stood} stood`;
      this.#report('EPOCH', message);
    }
    if (found !== undefined) this.#steps(found, session);
    this.#sessions.set(session.xid, session);
  }

  /** All leases of the owner lapse. */
  handedOver(owner: string, nowMs: number): void {
    for (const [xid, session] of this.#sessions) {
      const isMeant = session.owner === owner && session.endedAtMs === undefined;
      const isOpen = session.leaseUntilMs > nowMs && session.leaseUntilMs < Number.MAX_SAFE_INTEGER;
      if (isMeant && isOpen) this.#sessions.set(xid, { ...session, leaseUntilMs: nowMs });
    }
  }

  #compare(found: Session, before: Session | undefined, after: Session): void {
    const { xid } = after;
    if (before === undefined) {
      this.#report('EPOCH', `${xid}: a begin replaced a record that stood`);
    } else if (before.epoch !== found.epoch || before.version !== found.version) {
      const stale = `epoch ${before.epoch}, version ${before.version}`;
      const stood = `epoch ${found.epoch}, version ${found.version}`;
      this.#report('EPOCH', `${xid}: a write of ${stale} changed a record of ${stood}`);
    }
    this.#steps(found, after);
  }

  #steps(found: Session, after: Session): void {
    const { xid } = after;
    if (!GLOBAL_STEPS[found.status].includes(after.status)) {
      this.#report('TRANSITION', `${xid}: from ${found.status} to ${after.status}`);
    }
    const isOpen = found.status === 'active';
    if (!isOpen && after.branches.length > found.branches.length) {
      this.#report('TRANSITION', `${xid}: a branch was added to a session that is ${found.status}`);
    }
    for (const branch of found.branches) {
      const now = after.branches.find(({ branchId }) => branchId === branch.branchId);
      if (now !== undefined && BRANCH_STEPS[branch.status].includes(now.status)) continue;
      const step = `from ${branch.status} to ${now?.status ?? 'nothing'}`;
      this.#report('TRANSITION', `${xid}: branch ${branch.branchId} went ${step}`);
    }
  }

  #decide({ status, xid }: Session): void {
    const decision = decisionOf(status);
    if (decision === undefined) return;
    const first = this.#decisions.get(xid);
    if (first === undefined) this.#decisions.set(xid, decision);
    else if (first !== decision)
      this.#report('DECISION', `${xid}: ${first}, and ${decision} later`);
  }
}
