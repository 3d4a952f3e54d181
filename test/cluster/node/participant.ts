import type pg from 'pg';

import type { BranchHandler, BranchOutcome, BranchTarget } from '../../../lib/protocol/index.js';
import type { Side } from '../business.js';

/** What phase one of a branch is to do. */
export interface Work {
  readonly xid: string;
  readonly branchId: string;
  readonly side: Side;
  readonly account: number;
  readonly amount: number;
}

const DONE: BranchOutcome = { kind: 'done' };

/** Which column of an account phase one changes, and what phase two does to it. */
const BOOKED: Readonly<Record<Side, 'balance' | 'reserved'>> = {
  orders: 'balance',
  wallet: 'reserved',
};
const ON_COMMIT: Readonly<Record<Side, string>> = {
  orders: 'balance = a.balance',
  wallet: 'balance = a.balance + s.amount, reserved = a.reserved - s.amount',
};
const ON_ROLLBACK: Readonly<Record<Side, string>> = {
  orders: 'balance = a.balance - s.amount',
  wallet: 'reserved = a.reserved - s.amount',
};

/** One statement, so it happens as a whole or not at all. */
const prepareStatement = (side: Side): string => `
WITH fenced AS (
  INSERT INTO fence (xid, branch_id, side, state, account, amount)
  VALUES ($1, $2, $3, 'prepared', $4, $5)
  ON CONFLICT DO NOTHING
  RETURNING xid, branch_id, account, amount
), counted AS (
  INSERT INTO effect (xid, branch_id) SELECT xid, branch_id FROM fenced
)
UPDATE account AS a SET ${BOOKED[side]} = a.${BOOKED[side]} + fenced.amount
FROM fenced WHERE a.side = $3 AND a.id = fenced.account`;

const TARGETS = 'unnest($2::text[], $3::text[]) AS t (xid, branch_id)';

const noteOrders = (direction: string): string => `
INSERT INTO phase_two_order (xid, branch_id, direction, node)
SELECT xid, branch_id, '${direction}', $1 FROM ${TARGETS}`;

/** In the order of their keys, so that two calls never wait for each other's rows in a circle. */
const PUT_TOMBSTONES = `
INSERT INTO fence (xid, branch_id, side, state)
SELECT xid, branch_id, $1, 'rolled-back' FROM ${TARGETS} ORDER BY xid, branch_id
ON CONFLICT DO NOTHING`;

/** Rows of one account are summed up: an UPDATE changes a row only once. */
const settle = (column: 'committed' | 'rolled_back', changes: string, finish: string): string => `
WITH gone AS (${finish}
), counted AS (
  UPDATE effect AS e SET ${column} = e.${column} + 1
  FROM gone WHERE e.xid = gone.xid AND e.branch_id = gone.branch_id
), s AS (
  SELECT account, sum(amount) AS amount FROM gone GROUP BY account
), locked AS (
  SELECT a.id FROM account AS a JOIN s ON s.account = a.id
  WHERE a.side = $1 ORDER BY a.id FOR UPDATE OF a
)
UPDATE account AS a SET ${changes}
FROM s, locked WHERE a.side = $1 AND a.id = s.account AND a.id = locked.id`;

const commitStatement = (side: Side): string =>
  settle(
    'committed',
    ON_COMMIT[side],
    `
  DELETE FROM fence AS f USING ${TARGETS}
  WHERE f.xid = t.xid AND f.branch_id = t.branch_id AND f.state = 'prepared'
  RETURNING f.*`,
  );

const rollbackStatement = (side: Side): string =>
  settle(
    'rolled_back',
    ON_ROLLBACK[side],
    `
  UPDATE fence AS f SET state = 'rolled-back' FROM ${TARGETS}
  WHERE f.xid = t.xid AND f.branch_id = t.branch_id AND f.state = 'prepared'
  RETURNING f.*`,
  );

/** A resource manager of one service on one node; that of the other node does the same work. */
export class Participant {
  readonly #pool: pg.Pool;
  readonly #side: Side;
  readonly #node: string;

  constructor(pool: pg.Pool, side: Side, node: string) {
    this.#pool = pool;
    this.#side = side;
    this.#node = node;
  }

  /** Phase one. @throws Error when its rollback has come before it */
  async prepare({ account, amount, branchId, side, xid }: Work): Promise<void> {
    const values = [xid, branchId, side, account, amount];
    const { rowCount } = await this.#pool.query(prepareStatement(side), values);
    if (rowCount !== 1) throw new Error(`Branch ${branchId} of ${xid} was rolled back before.`);
  }

  get handler(): BranchHandler {
    return {
      resourceId: this.#side,
      type: this.#side === 'orders' ? 'AT' : 'TCC',
      commitBranches: (targets) => this.#finish('commit', targets, [commitStatement(this.#side)]),
      // The tombstones first: a phase one that is under way is waited for there, and seen behind.
      rollbackBranches: (targets) =>
        this.#finish('rollback', targets, [PUT_TOMBSTONES, rollbackStatement(this.#side)]),
    };
  }

  async #finish(
    direction: 'commit' | 'rollback',
    targets: readonly BranchTarget[],
    statements: readonly string[],
  ): Promise<readonly BranchOutcome[]> {
    const keys = [targets.map(({ xid }) => xid), targets.map(({ branchId }) => branchId)];
    try {
      await this.#pool.query(noteOrders(direction), [this.#node, ...keys]);
      await this.#inTransaction(statements, [this.#side, ...keys]);
      return targets.map(() => DONE);
    } catch (error) {
      return targets.map(() => ({ kind: 'retry', error: String(error) }));
    }
  }

  async #inTransaction(statements: readonly string[], values: readonly unknown[]): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query('BEGIN');
      for (const statement of statements) await client.query(statement, [...values]);
      await client.query('COMMIT');
      client.release();
    } catch (error) {
      // Closing the connection is a rollback that needs no answer.
      client.release(true);
      throw error;
    }
  }
}
