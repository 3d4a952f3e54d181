import type { BranchOutcome, BranchTarget } from '../../../protocol/index.js';
import { assertBranch, codeOf, messageOf } from '../../../protocol/index.js';
import type {
  AtEngine,
  BranchTag,
  CaptureError,
  InstallPlan,
  InstallReport,
  Mark,
  UndoDesk,
} from '../at-engine.interface.js';
import { GUARDED, UNMARKED } from '../at-engine.interface.js';
import { FENCE } from './agreement.js';
import { SqliteUndoDesk } from './desk.js';
import { explain, isBusy } from './explain.js';
import { bury, fenceState, purgeFences } from './fence.js';
import { forgetBranches, forgetXids } from './forget-branches.js';
import { install, plan, uninstall } from './install/installer.js';
import { inTransaction } from './install/our-tables.js';
import type { SqliteDatabase, SqliteSource } from './sqlite-database.interface.js';
import { rollbackBranch } from './undo/rollback-branch.js';

/** What the engine for one SQLite file needs. */
export interface SqliteEngineOptions {
  readonly source: SqliteSource;
  /** For messages. */
  readonly resourceId: string;
}

/** Capture by temporary triggers and undo in one SQLite file. */
export class SqliteAtEngine implements AtEngine {
  readonly desk: UndoDesk;
  readonly #source: SqliteSource;
  readonly #resourceId: string;

  constructor({ resourceId, source }: SqliteEngineOptions) {
    this.#source = source;
    this.#resourceId = resourceId;
    this.desk = new SqliteUndoDesk(source, resourceId);
  }

  install(mode: 'mend' | 'check' = 'mend'): Promise<InstallReport> {
    return this.#source.withDatabase((connection) => install(connection, this.#resourceId, mode));
  }

  plan(): Promise<InstallPlan> {
    return this.#source.withDatabase(plan);
  }

  uninstall(): Promise<void> {
    return this.#source.withDatabase((connection) => {
      uninstall(connection, this.#resourceId);
    });
  }

  /** The mark is kept beside the connection; the text only says which one it is, for a log. */
  tagStatement(mark: Mark): string {
    if (mark === UNMARKED) return '';
    if (mark === GUARDED) return `-- ${GUARDED}`;
    const { branchId, xid } = assertBranch(mark);
    return `-- ${xid}/${branchId}`;
  }

  explain(error: unknown): CaptureError | undefined {
    return explain(error);
  }

  resolveLocalCommit(tag: BranchTag): Promise<'committed' | 'rolled-back'> {
    return this.#write((database) => {
      if (bury(database, tag)) return 'rolled-back';
      return fenceState(database, tag) === FENCE.tombstone ? 'rolled-back' : 'committed';
    });
  }

  async commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    try {
      await this.#write((database) => {
        forgetBranches(database, targets);
      });
      return targets.map(() => DONE);
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
    await this.#write((database) => {
      forgetXids(database, xids);
    });
  }

  purgeFences(olderThanMs: number): Promise<number> {
    return this.#write((database) => purgeFences(database, olderThanMs));
  }

  #write<T>(work: (database: SqliteDatabase) => T): Promise<T> {
    return this.#source.withDatabase(({ database }) =>
      inTransaction(database, () => work(database)),
    );
  }

  async #rollback({ branchId, xid }: BranchTarget): Promise<BranchOutcome> {
    try {
      return await this.#source.withDatabase((connection) =>
        connection.quietly(() => rollbackBranch(connection.database, { xid, branchId })),
      );
    } catch (error) {
      return failure(error);
    }
  }
}

const DONE: BranchOutcome = { kind: 'done' };

/** Errors of SQLite that later may be none: the disk is full, or another process has the file. */
const TRANSIENT = /^SQLITE_(IOERR|FULL|NOMEM|INTERRUPT|CANTOPEN|PROTOCOL|READONLY)/;

function failure(error: unknown): BranchOutcome {
  const code = codeOf(error) ?? '';
  const isTransient = isBusy(error) || TRANSIENT.test(code) || !code.startsWith('SQLITE_');
  if (isTransient) return { kind: 'retry', error: messageOf(error) };
  return { kind: 'cannot', error: `SQLite refuses it (${code})` };
}
