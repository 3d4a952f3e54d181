import type { BranchOutcome, BranchTarget, LockConflict } from '../../../protocol/index.js';
import { assertBranch, assertXid, messageOf } from '../../../protocol/index.js';
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
import { BRANCH, RELEASED, TAG } from './agreement.js';
import { MysqlUndoDesk } from './desk/undo-desk.js';
import { explain } from './explain.js';
import { purgeFences, resolveLocalCommit } from './fence.js';
import { forgetBranches, forgetXids } from './forget-branches.js';
import { HeldRows } from './held-rows.js';
import { Installer } from './install/installer.js';
import { namesByLabel } from './labels.js';
import { errnoOf, isTransient, settle } from './session.js';
import type { ForeignKey } from './table-definition.js';
import { rollbackBranch } from './undo/rollback-branch.js';

/** What the engine for one MariaDB or MySQL database needs. */
export interface MysqlEngineOptions {
  /** Sessions in the database whose tables are captured. */
  readonly source: SqlSource;
  /** For messages. */
  readonly resourceId: string;
  /** Whether writers without a mark are stopped at rows that are held. @default false */
  readonly guard?: boolean | undefined;
  /** Only the database of the sessions can be captured, so this may name no other. */
  readonly schemas?: readonly string[] | undefined;
}

/** Capture by triggers and undo in a database of MariaDB 10.6, MySQL 8.0.17, or later. */
export class MysqlAtEngine implements AtEngine {
  readonly withdrawStatement = `SET ${RELEASED} = NULL`;
  readonly desk: UndoDesk;
  readonly heldRows: HeldRows;
  readonly #source: SqlSource;
  readonly #installer: Installer;
  #names: ReadonlyMap<string, string> = new Map();
  #fromElsewhere: readonly ForeignKey[] = [];

  constructor({ guard = false, resourceId, schemas, source }: MysqlEngineOptions) {
    this.#source = source;
    this.heldRows = new HeldRows(source);
    this.desk = new MysqlUndoDesk(source, resourceId);
    this.#installer = new Installer({
      source,
      resourceId,
      guard,
      schemas,
      onTables: (tables) => {
        this.#names = namesByLabel(tables);
        this.#fromElsewhere = tables.flatMap(({ referrers, schema }) =>
          referrers.filter(({ childSchema }) => childSchema !== schema),
        );
      },
    });
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

  /** Not a parameter: others add to the text, so the ids are checked here. */
  tagStatement(mark: Mark): string {
    if (mark === UNMARKED) return '';
    if (mark === GUARDED) return `SET ${TAG} = '${GUARDED}', ${BRANCH} = NULL`;
    const { branchId, xid } = assertBranch(mark);
    return `SET ${TAG} = '${xid}', ${BRANCH} = ${branchId}`;
  }

  explain(error: unknown): CaptureError | undefined {
    return explain(error, this.#names);
  }

  resolveLocalCommit(tag: BranchTag): Promise<'committed' | 'rolled-back'> {
    return this.#source.withSession((session) => resolveLocalCommit(session, tag));
  }

  async commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    if (targets.length === 0) return [];
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
    return `SET ${RELEASED} = '${assertXid(holderXid)}'`;
  }

  purgeFences(olderThanMs: number): Promise<number> {
    return this.#source.withSession(async (session) => {
      await settle(session);
      return purgeFences(session, olderThanMs);
    });
  }

  async #rollback(target: BranchTarget): Promise<BranchOutcome> {
    try {
      return await this.#source.withSession((session) =>
        rollbackBranch(session, target, this.#fromElsewhere),
      );
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

/** Errors that name tables and rights; others may quote what is in a row. */
const HARMLESS = new Set([1044, 1142, 1143, 1146, 1227]);

function failure(error: unknown): BranchOutcome {
  if (isTransient(error)) return { kind: 'retry', error: messageOf(error) };
  const errno = errnoOf(error) ?? 0;
  const text = HARMLESS.has(errno) ? messageOf(error) : 'the database refuses it';
  return { kind: 'cannot', error: `${text} (error ${String(errno)})` };
}
