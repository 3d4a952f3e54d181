import type { LockConflict } from '../../../protocol/index.js';
import type { SqlSession, SqlSource } from '../at-engine.interface.js';
import { uncapturable } from './capture/wanted-triggers.js';
import { findTables } from './catalog.js';
import { keySql, keyParts, primaryKey } from './row-key.js';
import { queryRows } from './session.js';
import { placeholders } from './sql-text.js';
import type { TableDefinition } from './table-definition.js';
import { ROW_END, columnOf } from './table-definition.js';

/** Keys that are looked for by one statement. */
const CHUNK_LENGTH = 200;

/** A table whose rows can be held. */
export interface HoldableTable {
  readonly name: string;
  /** What its keys are made of. */
  readonly keyShape: string;
  /** SQL that names the row of a table in a query, to be told to `holderOf`. */
  readonly keyOf: (reference: string) => string;
}

/** Rows of one table that a local transaction has locked. */
export interface LockedRows {
  readonly table: HoldableTable;
  readonly keys: readonly string[];
}

/** The tables that a statement names, which it does not have to. */
export type FoundTable = HoldableTable | 'unheld' | 'unknown';

/**
 * Looks who holds rows that a local transaction has locked.
 *
 * It does so in a session of its own. The application's may have a snapshot that is older than its
 * locks, and reading past it would lock the gaps in which all others write their undo rows. Of
 * whoever has held a row that is locked now the undo row is committed, since it was written in the
 * same local transaction, and it stays while the row is locked.
 */
export class HeldRows {
  readonly #source: SqlSource;
  readonly #known = new Map<string, HoldableTable | 'unheld'>();

  constructor(source: SqlSource) {
    this.#source = source;
  }

  /**
   * @param database as the statement has it; undefined where it has none
   * @returns `unheld` where rows of the table are never held; `unknown` if it is no table of the
   *   database
   */
  async find(name: string, database: string | undefined): Promise<FoundTable> {
    const path = JSON.stringify([database, name]);
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const table = await this.#source.withSession(async (session) => {
      const tables = await findTables(session, [name]);
      return tables.get(name) ?? [...tables.values()][0];
    });
    if (table === undefined || (database ?? table.schema) !== table.schema) return 'unknown';
    const found = uncapturable(table) === undefined ? holdable(table) : 'unheld';
    this.#known.set(path, found);
    return found;
  }

  /**
   * @param xid whose rows do not count
   * @returns `stale` when a table has got another key since it was found: nothing was found out
   */
  holderOf(
    locked: readonly LockedRows[],
    xid: string | undefined,
  ): Promise<LockConflict | 'stale' | undefined> {
    return this.#source.withSession(async (session) => {
      for (const { keys, table } of locked) {
        if (keys.length === 0) continue;
        if ((await keyShapeOf(session, table.name)) !== table.keyShape) {
          this.#known.clear();
          return 'stale';
        }
        const conflict = await holderIn(session, { keys, table }, xid);
        if (conflict !== undefined) return conflict;
      }
      return undefined;
    });
  }
}

function holdable(table: TableDefinition): HoldableTable {
  const columns = table.key.map((name) => {
    const { collation, columnType } = columnOf(table, name);
    return [name, columnType, collation ?? null];
  });
  return {
    name: table.name,
    keyShape: JSON.stringify(columns),
    keyOf: (reference) => keySql(keyParts(table, primaryKey(table), reference)),
  };
}

/** Who has locked rows keeps the table from being altered, so what this says stays true. */
async function keyShapeOf(session: SqlSession, table: string): Promise<string> {
  const rows = await queryRows<'name' | 'type' | 'collation'>(
    session,
    `SELECT c.column_name AS name, c.column_type AS type, c.collation_name AS \`collation\`
     FROM information_schema.statistics s JOIN information_schema.columns c
       ON c.table_schema = s.table_schema AND c.table_name = s.table_name
         AND c.column_name = s.column_name
     WHERE s.table_schema = DATABASE() AND s.table_name = ? AND s.index_name = 'PRIMARY'
       AND c.table_schema = DATABASE() AND c.table_name = ?
       AND coalesce(c.generation_expression, '') <> '${ROW_END}'
     ORDER BY s.seq_in_index`,
    [table, table],
  );
  return JSON.stringify(rows.map(({ collation, name, type }) => [name, type, collation]));
}

async function holderIn(
  session: SqlSession,
  { keys, table }: LockedRows,
  xid: string | undefined,
): Promise<LockConflict | undefined> {
  for (let start = 0; start < keys.length; start += CHUNK_LENGTH) {
    const chunk = keys.slice(start, start + CHUNK_LENGTH);
    const held = await queryRows<'xid' | 'shown'>(
      session,
      `SELECT xid AS xid, COALESCE(shown, pk) AS shown FROM dtx_undo_row
       WHERE tbl = ? AND pk IN (${placeholders(chunk)})`,
      [table.name, ...chunk],
    );
    const other = held.find((row) => row.xid !== (xid ?? null));
    if (other === undefined) continue;
    return { table: table.name, key: other.shown ?? '', holderXid: other.xid ?? '' };
  }
  return undefined;
}
