import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { findSqliteDriver } from '../../../lib/coordinator/store/sqlite/find-driver.js';
import { connect } from '../../../lib/coordinator/store/sqlite/open-store.js';
import type { Entry } from './journal.js';
import { Journal } from './journal.js';

/** One folder in which the workload is killed, and what comes of it. */
export interface CrashCase {
  /** Compiled program. */
  readonly program: string;
  /** From createEmptyStore(). */
  readonly emptyStore: string;
  readonly folder: string;
  /** Value of DTX_FAILPOINTS for the workload. */
  readonly failpoints: string;
  /** The same for a first recovery, which is then done again. */
  readonly failpointsOfRecovery?: string;
  readonly bug?: 'early';
}

export interface CrashResult {
  readonly wasKilled: boolean;
  readonly journal: readonly Entry[];
  /** By xid. */
  readonly endings: Readonly<Record<string, string>>;
  /** What the file went through, as `xid status`, in order. */
  readonly history: readonly string[];
  /** Sessions that have not ended. */
  readonly openCount: number;
}

/**
 * Makes the file that each case starts from. A decision that was changed and changed back would
 * leave no trace in the records, so a trigger keeps the history.
 */
export async function createEmptyStore(program: string, folder: string): Promise<string> {
  await runProgram({ program, folder }, 'recover', undefined);
  const file = join(folder, 'coordinator.db');
  const database = connect(await findSqliteDriver(), file);
  database.exec(`
    CREATE TABLE history (entry TEXT);
    CREATE TRIGGER keep_history AFTER UPDATE OF status ON session WHEN new.status <> old.status
    BEGIN INSERT INTO history VALUES (new.xid || ' ' || new.status); END;`);
  database.close();
  return file;
}

/** Kills the workload, recovers, and returns everything that was told and written. */
export async function runCrashCase(crash: CrashCase): Promise<CrashResult> {
  mkdirSync(crash.folder, { recursive: true });
  copyFileSync(crash.emptyStore, join(crash.folder, 'coordinator.db'));
  const work = await runProgram(crash, 'work', crash.failpoints);
  if (crash.failpointsOfRecovery !== undefined) {
    await runProgram(crash, 'recover', crash.failpointsOfRecovery);
  }
  const recovery = await runProgram(crash, 'recover', undefined);
  const result = {
    wasKilled: work.signal === 'SIGKILL',
    journal: new Journal(crash.folder).read(),
    endings: JSON.parse(recovery.output) as Record<string, string>,
    ...(await readFile(crash.folder)),
  };
  rmSync(crash.folder, { recursive: true });
  return result;
}

interface Ended {
  readonly signal: string | null;
  readonly output: string;
}

async function runProgram(
  { program, folder, bug }: Pick<CrashCase, 'program' | 'folder' | 'bug'>,
  task: 'work' | 'recover',
  failpoints: string | undefined,
): Promise<Ended> {
  const child = spawn(process.execPath, [program, folder, task, bug ?? 'right'], {
    env: { ...process.env, ...(failpoints !== undefined && { DTX_FAILPOINTS: failpoints }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (child.signalCode === null && child.exitCode !== 0) {
    throw new Error(`The ${task} program failed with status ${String(child.exitCode)}`);
  }
  return { signal: child.signalCode, output };
}

async function readFile(folder: string): Promise<Pick<CrashResult, 'history' | 'openCount'>> {
  const database = connect(await findSqliteDriver(), join(folder, 'coordinator.db'));
  const history = database.prepare('SELECT entry FROM history ORDER BY rowid').all();
  const [open] = database
    .prepare('SELECT count(*) AS count FROM session WHERE ended_at_ms IS NULL')
    .all();
  database.close();
  return {
    history: history.map(({ entry }) => String(entry)),
    openCount: Number(open?.['count']),
  };
}
