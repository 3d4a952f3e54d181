/** One account whose row a local transaction changes. */
export interface Booking {
  readonly account: string;
  readonly amount: number;
}

/** Phase one of one branch, as its local transaction writes it. */
export interface PhaseOne {
  readonly xid: string;
  readonly branchId: string;
  /** What the caller asked for; asked twice, it is done once. */
  readonly workId: string;
  readonly bookings: readonly Booking[];
}

/** What a branch has come to here. A tombstone stands where phase two came first. */
export type Fence = 'none' | 'phase-one' | 'committed' | 'rolled-back' | 'tombstone';

/** One branch in the tables of a participant; kept for ever, so that checks can look at it. */
export interface BranchRow {
  readonly xid: string;
  readonly branchId: string;
  fence: Fence;
  bookings: readonly Booking[];
  /** How often each operation took effect. */
  phaseOneCount: number;
  commitCount: number;
  rollbackCount: number;
  /** How often phase two has come. */
  phaseTwoCount: number;
  /** Phase one took effect behind phase two. */
  isHanging: boolean;
}

/** Protections that a planted bug takes away. */
export interface Guards {
  /** Phase two without a phase one leaves a tombstone, which the late phase one meets. */
  readonly hanging: boolean;
  /** Phase two looks at the fence before it does anything. */
  readonly idempotence: boolean;
}

export const ALL_GUARDS: Guards = { hanging: true, idempotence: true };

export type Refusal = 'FENCED' | 'LOCKED' | 'DONE_ALREADY';

/**
 * The database of a participant: accounts, and for each branch the fence and the undo record, which
 * is the lock of its rows too. Every method is one local transaction: it happens as a whole, and
 * outlasts the process.
 */
export class Ledger {
  readonly name: string;
  readonly #guards: Guards;
  readonly #balances = new Map<string, number>();
  readonly #rows = new Map<string, BranchRow>();
  readonly #doneWork = new Set<string>();
  /** Owner of each changed account, until its undo record is gone. */
  readonly #locks = new Map<string, string>();

  constructor(name: string, accounts: readonly string[], balance: number, guards: Guards) {
    this.name = name;
    this.#guards = guards;
    for (const account of accounts) this.#balances.set(account, balance);
  }

  get rows(): Iterable<BranchRow> {
    return this.#rows.values();
  }

  /** Accounts that somebody still locks, with the owner. */
  get locks(): ReadonlyMap<string, string> {
    return this.#locks;
  }

  get sum(): number {
    return [...this.#balances.values()].reduce((sum, balance) => sum + balance, 0);
  }

  /** Who locks one of the accounts. */
  ownerOf(bookings: readonly Booking[]): string | undefined {
    return bookings.map(({ account }) => this.#locks.get(account)).find((xid) => xid !== undefined);
  }

  hasDone(workId: string): boolean {
    return this.#doneWork.has(workId);
  }

  /** Effect, undo record and fence in one transaction. */
  commitPhaseOne({ xid, branchId, workId, bookings }: PhaseOne): Refusal | undefined {
    const row = this.#row(xid, branchId);
    if (row.fence !== 'none') return 'FENCED';
    if (this.#doneWork.has(workId)) return 'DONE_ALREADY';
    if (bookings.some(({ account }) => (this.#locks.get(account) ?? xid) !== xid)) return 'LOCKED';
    row.isHanging = row.phaseTwoCount > 0;
    row.fence = 'phase-one';
    row.phaseOneCount += 1;
    row.bookings = bookings;
    this.#doneWork.add(workId);
    for (const { account, amount } of bookings) {
      this.#add(account, amount);
      this.#locks.set(account, xid);
    }
    return undefined;
  }

  commitBranch(xid: string, branchId: string): void {
    const row = this.#phaseTwo(xid, branchId, 'committed');
    if (row !== undefined) row.commitCount += 1;
  }

  rollbackBranch(xid: string, branchId: string): void {
    const row = this.#phaseTwo(xid, branchId, 'rolled-back');
    if (row === undefined) return;
    row.rollbackCount += 1;
    for (const { account, amount } of row.bookings) this.#add(account, -amount);
  }

  /** Returns the branch if phase two is to take effect. */
  #phaseTwo(
    xid: string,
    branchId: string,
    fence: 'committed' | 'rolled-back',
  ): BranchRow | undefined {
    const row = this.#row(xid, branchId);
    row.phaseTwoCount += 1;
    if (row.phaseOneCount === 0) {
      if (this.#guards.hanging) row.fence = 'tombstone';
      return undefined;
    }
    if (row.fence !== 'phase-one' && this.#guards.idempotence) return undefined;
    row.fence = fence;
    for (const { account } of row.bookings) this.#unlock(account, row);
    return row;
  }

  /** Another branch of the same transaction may still hold the row. */
  #unlock(account: string, { xid }: BranchRow): void {
    const isHeld = [...this.#rows.values()].some(
      (row) =>
        row.xid === xid &&
        row.fence === 'phase-one' &&
        row.bookings.some((booking) => booking.account === account),
    );
    if (!isHeld && this.#locks.get(account) === xid) this.#locks.delete(account);
  }

  #add(account: string, amount: number): void {
    this.#balances.set(account, (this.#balances.get(account) ?? 0) + amount);
  }

  #row(xid: string, branchId: string): BranchRow {
    const key = `${xid}/${branchId}`;
    const known = this.#rows.get(key);
    if (known !== undefined) return known;
    const row: BranchRow = {
      xid,
      branchId,
      fence: 'none',
      bookings: [],
      phaseOneCount: 0,
      phaseTwoCount: 0,
      commitCount: 0,
      rollbackCount: 0,
      isHanging: false,
    };
    this.#rows.set(key, row);
    return row;
  }
}
