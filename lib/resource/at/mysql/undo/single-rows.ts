import { failpoint } from '../../../../system/index.js';
import type { SqlSession } from '../../at-engine.interface.js';
import { RESTORED, RESTORED_OF } from '../agreement.js';
import type { Failure } from './attempt.js';
import { NotRestoredError, attempt } from './attempt.js';
import { respelledImage } from './respelling.js';
import type { RestoreAction } from './restore-statement.js';
import { actionFor, restoreStatement } from './restore-statement.js';
import type { UndoRow } from './undo-row.js';

/** A row that is still to be restored, and its image as it is. */
export interface Pending {
  readonly row: UndoRow;
  readonly now: string | null;
}

const HELD_BACK =
  'rows that are not part of the transaction refer to it by a foreign key that cascades';

/** Restores rows each by itself, in the transaction of its session. */
export class SingleRows {
  readonly #session: SqlSession;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  /** @throws NotRestoredError, or the server's error */
  async do(row: UndoRow, action: RestoreAction): Promise<void> {
    const { sql, values } = restoreStatement(row, action);
    const { rowCount } = await this.#session.query(sql, values);
    failpoint('at.undo.row');
    if (rowCount === 0) throw new NotRestoredError(HELD_BACK, true);
  }

  /** The same, against a trigger that changes the row while it is restored. */
  async insist(row: UndoRow, action: RestoreAction): Promise<void> {
    if (action === 'delete') return this.do(row, action);
    const values = [row.before, row.table.name];
    await this.#session.query(`SET ${RESTORED} = ?, ${RESTORED_OF} = ?`, values);
    try {
      await this.do(row, action);
    } finally {
      await this.#session.query(`SET ${RESTORED} = NULL, ${RESTORED_OF} = NULL`);
    }
  }

  /** @returns why the work has failed, if it has */
  attempt(work: () => Promise<void>): Promise<Failure | undefined> {
    return attempt(this.#session, 'dtx_row', work);
  }

  /** Each by itself, until no further one succeeds. Returns those that have not, and why. */
  async restoreWhatGoes(rows: readonly Pending[]): Promise<Map<Pending, Failure>> {
    for (let pending = rows; ;) {
      const failures = new Map<Pending, Failure>();
      for (const one of pending) {
        const row = { ...one.row, after: one.now };
        const failure = await this.attempt(() => this.do(row, nextAction(one)));
        if (failure !== undefined && !(await this.#respell(row))) failures.set(one, failure);
      }
      if (failures.size === 0 || failures.size === pending.length) return failures;
      pending = [...failures.keys()];
    }
  }

  /** For a row to which others refer by values that have only been written otherwise. */
  async #respell(row: UndoRow): Promise<boolean> {
    const respelled = await respelledImage(this.#session, row);
    if (respelled === undefined) return false;
    const table = { ...row.table, referrers: [] };
    const failure = await this.attempt(async () => {
      await this.#session.query('SET foreign_key_checks = 0');
      try {
        await this.do({ ...row, before: respelled, table }, 'update');
      } finally {
        await this.#session.query('SET foreign_key_checks = 1');
      }
      if (respelled !== row.before) await this.do({ ...row, after: respelled }, 'update');
    });
    return failure === undefined;
  }
}

const nextAction = ({ now, row }: Pending): RestoreAction => actionFor(now !== null, row);
