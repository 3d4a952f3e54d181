import type { BranchOutcome, BranchTarget, LockConflict } from '../../../protocol/index.js';
import { assertBranch, messageOf } from '../../../protocol/index.js';
import type {
  AtEngine,
  BranchTag,
  CaptureError,
  InstallPlan,
  InstallReport,
  Mark,
  SqlSource,
  UndoDesk,
} from '../at-engine.interface.js';
import { GUARDED, UNMARKED } from '../at-engine.interface.js';
import { RELEASED_SETTING, TAG_SETTING } from './agreement.js';
import { PostgresDesk } from './desk/postgres-desk.js';
import { explain } from './explain.js';
import { purgeFences, resolveLocalCommit } from './fence.js';
import { forgetBranches, forgetXids } from './forget-branches.js';
import { Installer } from './install/installer.js';
import { isTransient, sqlStateOf } from './session.js';
import { literal } from './sql-text.js';
import { rollbackBranch } from './undo/rollback-branch.js';

/** What the engine for one PostgreSQL database needs. */
export interface PostgresEngineOptions {
  readonly source: SqlSource;
  /** For messages. */
  readonly resourceId: string;
  /** Schemas whose tables are captured. @default the schemas of the search path */
  readonly schemas?: readonly string[] | undefined;
  /** Whether writers outside of global transactions are refused held rows. @default false */
  readonly guard?: boolean | undefined;
}

/** Capture by triggers and undo in a PostgreSQL database, version 13 or later. */
export class PostgresAtEngine implements AtEngine {
  readonly #source: SqlSource;
  readonly #installer: Installer;
  readonly desk: UndoDesk;

  constructor({ guard, source, resourceId, schemas }: PostgresEngineOptions) {
    this.#source = source;
    this.desk = new PostgresDesk({ source, resourceId });
    this.#installer = new Installer({ guard, source, resourceId, schemas });
  }

  install(mode: 'mend' | 'check' = 'mend'): Promise<InstallReport> {
    return this.#installer.install(mode);
  }

  plan(): Promise<InstallPlan> {
    return this.#installer.plan();
  }

  uninstall(): Promise<void> {
    return this.#installer.uninstall();
  }

  /** Not a parameter: the text travels in one packet with BEGIN, so the ids are checked here. */
  tagStatement(mark: Mark): string {
    if (mark === UNMARKED) return '';
    if (mark === GUARDED) return `SET LOCAL ${TAG_SETTING} = '${GUARDED}'`;
    const { branchId, xid } = assertBranch(mark);
    return `SET LOCAL ${TAG_SETTING} = '${xid}/${branchId}'`;
  }

  explain(error: unknown): CaptureError | undefined {
    return explain(error);
  }

  resolveLocalCommit(tag: BranchTag): Promise<'committed' | 'rolled-back'> {
    return this.#source.withSession((session) => resolveLocalCommit(session, tag));
  }

  async commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    const branches = targets.map(({ xid, branchId }) => ({ xid, branch: branchId }));
    try {
      const busy = await this.#source.withSession((session) => forgetBranches(session, branches));
      const isBusy = (target: BranchTarget): boolean =>
        busy.some(({ xid, branch }) => xid === target.xid && branch === target.branchId);
      return targets.map((target) => (isBusy(target) ? UNDO_ROWS_BUSY : DONE));
    } catch (error) {
      const outcome = failure(error);
      return targets.map(() => outcome);
    }
  }

  /** One after the other, in the order given: it is the reverse of the order of the writes. */
  async rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    const outcomes: BranchOutcome[] = [];
    for (const target of targets) outcomes.push(await this.#rollback(target));
    return outcomes;
  }

  async releaseXids(xids: readonly string[]): Promise<void> {
    await this.#source.withSession((session) => forgetXids(session, xids));
  }

  releaseStatement({ holderXid }: LockConflict): string {
    return `SET LOCAL ${RELEASED_SETTING} = ${literal(holderXid)}`;
  }

  purgeFences(olderThanMs: number): Promise<number> {
    return this.#source.withSession((session) => purgeFences(session, olderThanMs));
  }

  async #rollback(target: BranchTarget): Promise<BranchOutcome> {
    try {
      return await this.#source.withSession((session) => rollbackBranch(session, target));
    } catch (error) {
      return failure(error);
    }
  }
}

const DONE: BranchOutcome = { kind: 'done' };

const UNDO_ROWS_BUSY: BranchOutcome = {
  kind: 'retry',
  error: 'somebody else holds undo rows of the branch for a moment',
};

function failure(error: unknown): BranchOutcome {
  if (isTransient(error)) return { kind: 'retry', error: messageOf(error) };
  const state = sqlStateOf(error) ?? '';
  // Errors of class 42 name tables and rights; others may quote what is in a row.
  const text = state.startsWith('42') ? messageOf(error) : 'the database refuses it';
  return { kind: 'cannot', error: `${text} (SQLSTATE ${state})` };
}
