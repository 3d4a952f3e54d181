import type { Rng } from '../simulation/kernel/rng.js';
import type { TableModel } from './model.js';
import type { Writer } from './writer.js';

/** Statements of one kind on a table; none where it has nothing to offer. */
export type Kind = (writer: Writer, table: TableModel) => readonly string[];

/** How an engine is written to. */
export interface Dialect {
  /** What people can read about AT mode on it. */
  readonly guide: string;
  /** Each kind as often as it stands here. */
  readonly statements: readonly Kind[];
  /** Those that write the same whatever other rows hold. */
  readonly statementsByKey: readonly Kind[];
  /** What stands behind the columns of an INSERT, so that each of them can be given. */
  readonly behindColumns: string;
  /** The statements that can have RETURNING. */
  readonly returning: ReadonlySet<'insert' | 'update' | 'delete'>;
  /** What stands behind a write to several rows, so that it always comes to them in one order. */
  readonly inOrder: (table: TableModel) => string;
  /** Whether a transaction can go on behind a statement that has failed. */
  readonly outlivesFailures: boolean;
  /** Whether the engine lets the statement pass although it breaks a foreign key. */
  readonly letsPass?: (sql: string, code: string) => boolean;
  /** What a session is set to before it writes. */
  readonly settings: (rng: Rng) => readonly string[];
}
