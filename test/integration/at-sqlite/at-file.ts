import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';

import type { BranchOutcome, BranchTarget } from '../../../lib/protocol/index.js';
import type { AtEngine, BranchTag, Mark } from '../../../lib/resource/at/index.js';
import { GUARDED } from '../../../lib/resource/at/index.js';
import type { ConnectionCaptureOptions } from '../../../lib/resource/at/sqlite/index.js';
import { ConnectionCapture, SqliteAtEngine } from '../../../lib/resource/at/sqlite/index.js';

/** A file with tables of the test, captured, and what a seam would do with it. */
export interface AtFile {
  readonly path: string;
  readonly engine: AtEngine;
  readonly database: Database.Database;
  readonly capture: ConnectionCapture;
  /** A connection that knows nothing of capture: another process. */
  readonly outside: Database.Database;
  /** Runs statements in one local transaction of the branch, and commits it. */
  branch(tag: Mark, ...statements: readonly string[]): void;
  /** Begins a local transaction of the branch; statements run by `write`. */
  begin(tag: Mark): void;
  write(statement: string): unknown[];
  end(verb: 'COMMIT' | 'ROLLBACK'): void;
  rollback(tag: BranchTag): Promise<BranchOutcome>;
  commit(tag: BranchTag): Promise<BranchOutcome>;
  /** Every row of the tables with the types and bits of its values, in order. */
  rows(...tables: readonly string[]): readonly string[];
  /** Undo rows as `table key`, in order. */
  held(): readonly string[];
  drop(): void;
}

/** @param setup statements that run before the installation */
export async function createAtFile(
  setup: string,
  options: ConnectionCaptureOptions = {},
): Promise<AtFile> {
  const folder = mkdtempSync(join(tmpdir(), 'dtx-at-'));
  const path = join(folder, 'shop.db');
  const database = new Database(path);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = OFF');
  database.pragma('foreign_keys = ON');
  database.exec(setup);
  const outside = new Database(path, { timeout: 0 });
  const capture = new ConnectionCapture(database, options);
  const engine = new SqliteAtEngine({
    source: { withDatabase: async (work) => work(capture) },
    resourceId: 'shop',
  });
  await engine.install();
  const begin = (mark: Mark): void => {
    capture.ready();
    database.exec('BEGIN');
    capture.mark(mark);
  };
  const write = (statement: string): unknown[] => {
    capture.beforeWrite(statement, []);
    const prepared = database.prepare(statement);
    if (prepared.reader) return prepared.all();
    prepared.run();
    return [];
  };
  const end = (verb: 'COMMIT' | 'ROLLBACK'): void => {
    if (database.inTransaction) database.exec(verb);
    capture.unmark();
  };
  const one = async (
    work: (targets: readonly BranchTarget[]) => Promise<readonly BranchOutcome[]>,
    tag: BranchTag,
  ): Promise<BranchOutcome> => (await work([tag]))[0]!;
  return {
    path,
    engine,
    database,
    capture,
    outside,
    begin,
    write,
    end,
    branch(mark, ...statements) {
      begin(mark);
      try {
        for (const statement of statements) write(statement);
        end('COMMIT');
      } finally {
        end('ROLLBACK');
      }
    },
    rollback: (tag) => one((targets) => engine.rollbackBranches(targets), tag),
    commit: (tag) => one((targets) => engine.commitBranches(targets), tag),
    rows: (...tables) => tables.flatMap((table) => bitsOf(database, table)),
    held: () =>
      database
        .prepare(`SELECT tbl || ' ' || pk FROM dtx_undo_row ORDER BY tbl, pk`)
        .pluck()
        .all() as string[],
    drop() {
      database.close();
      outside.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Type and bits of every value, by other means than those of the library. */
function bitsOf(database: Database.Database, table: string): readonly string[] {
  const columns = (
    database.prepare('SELECT name FROM pragma_table_xinfo(?)').pluck().all(table) as string[]
  ).map(quoted);
  const select = columns.map((name) => `typeof(${name}), ${name}, hex(${name})`).join(', ');
  const rows = database
    .prepare(`SELECT ${select} FROM ${quoted(table)}`)
    .safeIntegers()
    .raw()
    .all();
  return (rows as unknown[][]).map((row) => row.map(bits).join(' ')).sort();
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

function bits(value: unknown): string {
  if (typeof value !== 'number')
    return Buffer.isBuffer(value) ? value.toString('hex') : String(value);
  const buffer = Buffer.alloc(8);
  buffer.writeDoubleBE(value);
  return buffer.toString('hex');
}

/** Ids of a branch; several branches of one transaction share the xid. */
export function newTag(xid = randomBytes(16).toString('hex')): BranchTag {
  return { xid, branchId: ((randomBytes(8).readBigUInt64BE() >> 1n) | 1n).toString() };
}

export { GUARDED };

/** The reason of an outcome that needs a person. */
export const reasonOf = (outcome: BranchOutcome): string =>
  outcome.kind === 'cannot' ? outcome.error : `${outcome.kind} instead of cannot`;

export const DONE: BranchOutcome = { kind: 'done' };
