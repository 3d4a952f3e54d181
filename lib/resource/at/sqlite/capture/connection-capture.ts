import type { BranchTag, Mark } from '../../at-engine.interface.js';
import { UNMARKED } from '../../at-engine.interface.js';
import { currentAround } from '../../work-of.js';
import { FUNCTIONS, TRIGGER_PREFIX } from '../agreement.js';
import { RowHeldError, WriteRefusedError } from '../capture-errors.js';
import { tablesOf } from '../catalog.js';
import { rowsOf } from '../read-rows.js';
import { writeFence } from '../fence.js';
import { createTables, missingTables } from '../install/our-tables.js';
import { referencesAmong } from '../references.js';
import { identifier } from '../sql-text.js';
import type {
  CapturedConnection,
  SqliteDatabase,
  SqliteStatement,
} from '../sqlite-database.interface.js';
import type { TableDefinition } from '../table-definition.js';
import { captureTriggers } from './capture-triggers.js';
import { assertOnlyTables } from './foreign-places.js';

/** How a connection is captured. */
export interface ConnectionCaptureOptions {
  /** Whether writers without a mark are refused rows that are held. @default false */
  readonly guard?: boolean | undefined;
}

/**
 * Capture on one connection: the functions that tell the triggers whose local transaction it is,
 * and the triggers themselves, which are temporary and follow the schema.
 */
export class ConnectionCapture implements CapturedConnection {
  readonly database: SqliteDatabase;
  readonly #isGuarding: boolean;
  readonly #schemaVersion: SqliteStatement;
  readonly #databases: SqliteStatement;
  readonly #isRecursive: SqliteStatement;
  #mark: Mark | undefined;
  #isQuiet = false;
  /** The version of the schema that the triggers were made for; undefined when there are none. */
  #madeFor: string | undefined;
  /** They were there, and went before a change of the schema. */
  #isDropped = false;
  #isFenced = false;
  #hasForeignPlaces = false;
  /** Nothing is created in the file before somebody has installed it. */
  #mode: 'mend' | 'check' = 'check';
  #isInstalled = false;

  constructor(database: SqliteDatabase, { guard = false }: ConnectionCaptureOptions = {}) {
    this.database = database;
    this.#isGuarding = guard;
    this.#register();
    // As statements, not as table functions, which prepare one anew each time.
    this.#schemaVersion = database.prepare('PRAGMA main.schema_version').pluck();
    this.#databases = database.prepare('PRAGMA database_list');
    this.#isRecursive = database.prepare('PRAGMA recursive_triggers').pluck();
  }

  /** Before a local transaction: whatever the application has set or changed meanwhile. */
  ready(): void {
    // Without it the row that REPLACE removes would go unseen.
    if (Number(this.#isRecursive.get()) !== 1) this.database.exec('PRAGMA recursive_triggers = ON');
    if (this.#madeFor !== this.#currentVersion()) this.renewTriggers();
  }

  /** The local transaction that has just begun is part of something. */
  mark(mark: Mark): void {
    this.#mark = mark;
    this.#isFenced = false;
  }

  /** The local transaction is over. */
  unmark(): void {
    this.#mark = undefined;
  }

  /**
   * Before a statement that writes. The fence row cannot be left to the triggers: an `OR REPLACE`
   * of the application's statement would be theirs too, and go over the tombstone of phase two.
   */
  beforeWrite(sql: string, values: readonly unknown[]): void {
    const mark = this.#mark;
    if (mark === undefined || typeof mark === 'string') return;
    if (!this.#isInstalled) throw new WriteRefusedError(NOT_INSTALLED);
    if (this.#hasForeignPlaces) assertOnlyTables(this.database, sql, values);
    if (!this.#isFenced) this.#fence(mark);
  }

  /** A savepoint that is rolled back may take the fence row along. */
  savepointMoved(): void {
    this.#isFenced = false;
  }

  /** Before the application changes the schema: SQLite checks all triggers when it renames. */
  dropTriggers(): void {
    this.#isDropped ||= this.#madeFor !== undefined;
    this.#madeFor = undefined;
    const names = rowsOf<{ name: string }>(
      this.database,
      `SELECT name FROM temp.sqlite_master
       WHERE type = 'trigger'
         AND name LIKE '${TRIGGER_PREFIX.replaceAll('_', '\\_')}%' ESCAPE '\\'`,
    );
    for (const { name } of names) this.database.exec(`DROP TRIGGER temp.${identifier(name)}`);
  }

  /** The change is over, so that raw writes meet the triggers again, too. Not in a transaction. */
  restoreTriggers(): void {
    if (this.#isDropped) this.ready();
  }

  renewTriggers(mode = this.#mode): void {
    this.#mode = mode;
    this.dropTriggers();
    if (mode === 'mend') createTables(this.database);
    this.#isInstalled = missingTables(this.database).length === 0;
    const tables = tablesOf(this.database);
    // Triggers without our tables would let no statement of the application pass.
    if (this.#isInstalled) this.#createTriggers(tables);
    const [places] = rowsOf<{ count: number | bigint }>(
      this.database,
      `SELECT count(*) AS count FROM pragma_database_list WHERE name NOT IN ('main', 'temp')`,
    );
    this.#hasForeignPlaces = Number(places?.count) > 0 || tables.some(({ isVirtual }) => isVirtual);
    this.#madeFor = this.#currentVersion();
    this.#isDropped = false;
  }

  quietly<T>(work: () => T): T {
    this.#isQuiet = true;
    try {
      return work();
    } finally {
      this.#isQuiet = false;
    }
  }

  #createTriggers(tables: readonly TableDefinition[]): void {
    const references = referencesAmong(tables);
    const triggers = tables.flatMap((table) => captureTriggers(table, references));
    this.database.exec(triggers.join(';\n'));
  }

  #fence(tag: BranchTag): void {
    writeFence(this.database, tag);
    // The file is ours alone from the fence row on, so what is true now stays true.
    if (this.#madeFor !== this.#currentVersion()) {
      throw new WriteRefusedError(
        'another process has changed the schema of the file a moment ago. Run the whole global ' +
          'transaction again.',
      );
    }
    this.#isFenced = true;
  }

  #currentVersion(): string {
    const version = this.#schemaVersion.get() as number | bigint;
    return `${String(version)}/${String(this.#databases.all().length)}`;
  }

  #register(): void {
    const constant = { deterministic: true };
    const define = this.database.function.bind(this.database);
    define(FUNCTIONS.on, constant, () => (this.#isOn() ? 1 : 0));
    define(FUNCTIONS.xid, constant, () => this.#xid());
    define(FUNCTIONS.branch, constant, () =>
      this.#mark === undefined || typeof this.#mark === 'string' ? null : this.#mark.branchId,
    );
    define(FUNCTIONS.zero, constant, (value) => (Object.is(value, -0) ? '-0.0' : '0.0'));
    define(FUNCTIONS.refuse, {}, (reason) => {
      if (this.#xid() === null) return null;
      throw new WriteRefusedError(String(reason));
    });
    define(FUNCTIONS.conflict, {}, (table, key, holderXid) => {
      const conflict = { table: String(table), key: String(key), holderXid: String(holderXid) };
      throw new RowHeldError(conflict, {
        isOutside: this.#mark === undefined || this.#mark === UNMARKED,
      });
    });
  }

  #isOn(): boolean {
    if (this.#mark === UNMARKED) return this.#isGuarding;
    if (this.#mark !== undefined) return true;
    if (this.#isQuiet) return false;
    return this.#isGuarding || currentAround()?.isActive === true;
  }

  #xid(): string | null {
    if (typeof this.#mark === 'string') return null;
    if (this.#mark !== undefined) return this.#mark.xid;
    const around = currentAround();
    if (around?.xid === undefined || !around.isActive) return null;
    throw new WriteRefusedError(
      'it was sent to the raw connection, past the query runner, and would not be undone. Use ' +
        'queryRunner.query(), a manager or a repository.',
    );
  }
}

const NOT_INSTALLED =
  'the tables of AT are missing in the file, so it could not be undone. Run "npx nestjs-dtx at ' +
  "install\", or start the application once with install: 'mend'.";
