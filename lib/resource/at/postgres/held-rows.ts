import type { LockConflict } from '../../../protocol/index.js';
import type { SqlSession } from '../at-engine.interface.js';
import { HOLDER_UNKNOWN } from '../at-engine.interface.js';
import { pinnedSettings } from './capture/pinned-settings.js';
import { findRows } from './catalog.js';
import { rowsOf } from './row-image.js';
import { rowKey } from './row-key.js';
import { queryJson } from './session.js';
import { literal } from './sql-text.js';
import type { TableDefinition } from './table-definition.js';
import { columnOf } from './table-definition.js';

/** A locked row: the table that it is stored in, and its place there, as `16384(0,1)`. */
export const ROW_PLACE = (reference: string): string =>
  `(${reference}.tableoid::text || ${reference}.ctid::text)`;

const PLACE = /^(\d+)(\(\d+,\d+\))$/;

/** A table, and the number of the index that its key is read from. */
interface KnownTable {
  readonly keyIndex: string;
  /** undefined where its rows cannot be captured, so that nobody can hold one. */
  readonly definition: TableDefinition | undefined;
}

interface Look {
  readonly keyIndex: string;
  readonly found: number;
  /** Key and xid of a row that is held. */
  readonly held: readonly [string, string] | null;
}

/**
 * Looks who holds rows that the local transaction has locked. It finds them by their place, which
 * cannot change while they are locked: whatever the statement was, these are the rows that it gave.
 */
export class HeldRows {
  readonly #known = new Map<string, KnownTable>();

  /**
   * @param places of the locked rows
   * @param xid whose rows do not count
   */
  async holderOf(
    session: SqlSession,
    places: readonly string[],
    xid: string | undefined,
  ): Promise<LockConflict | undefined> {
    for (const [oid, rows] of byTable(places)) {
      const conflict = await this.#holderIn(session, { oid, rows }, xid);
      if (conflict !== undefined) return conflict;
    }
    return undefined;
  }

  async #holderIn(
    session: SqlSession,
    place: TablePlace,
    xid: string | undefined,
  ): Promise<LockConflict | undefined> {
    const known = this.#known.get(place.oid) ?? (await this.#load(session, place.oid));
    const { definition } = known;
    if (definition === undefined) return undefined;
    let look: Look;
    try {
      look = await lookAt(session, definition, place, xid);
    } catch (error) {
      // A column may have got another name; the next read shall not fail by it.
      this.#known.delete(place.oid);
      throw error;
    }
    if (look.keyIndex !== known.keyIndex) {
      // The table has got another key since: what was looked for was none.
      this.#known.delete(place.oid);
      return this.#holderIn(session, place, xid);
    }
    const { name: table } = definition;
    if (look.held !== null) return { table, key: look.held[0], holderXid: look.held[1] };
    if (look.found === place.rows.length) return undefined;
    // Some rows could not be seen: nobody knows about them, and a new local transaction may.
    return { table, key: HOLDER_UNKNOWN, holderXid: HOLDER_UNKNOWN };
  }

  async #load(session: SqlSession, oid: string): Promise<KnownTable> {
    const [row] = await queryJson<[string, string]>(session, TABLE_OF, [oid]);
    const [name = '', keyIndex = ''] = row ?? [];
    const definition = await findRows(session, name);
    const isHoldable = definition !== undefined && definition.key.length > 0;
    const known = { keyIndex, definition: isHoldable ? definition : undefined };
    this.#known.set(oid, known);
    return known;
  }
}

interface TablePlace {
  readonly oid: string;
  readonly rows: readonly string[];
}

function byTable(places: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const rows = new Map<string, Set<string>>();
  for (const place of places) {
    const [, oid, row] = PLACE.exec(place) ?? [];
    if (oid === undefined || row === undefined) throw new Error(`"${place}" is no place of a row`);
    rows.set(oid, (rows.get(oid) ?? new Set()).add(row));
  }
  return new Map([...rows].map(([oid, found]) => [oid, [...found]]));
}

const keyIndexOf = (oid: string): string => `
  coalesce((SELECT i.indexrelid::text FROM pg_catalog.pg_index i
    WHERE i.indrelid = ${oid} AND i.indisprimary), '')`;

/** A partition is captured by its root, under the root's name and key. */
const TABLE_OF = `
  SELECT pg_catalog.json_build_array(
    pg_catalog.format('%I.%I', n.nspname, c.relname), ${keyIndexOf('c.oid')})::text
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = coalesce(pg_catalog.pg_partition_root($1::oid), $1::oid)`;

async function lookAt(
  session: SqlSession,
  table: TableDefinition,
  { oid, rows }: TablePlace,
  xid: string | undefined,
): Promise<Look> {
  const isOther = xid === undefined ? '' : `AND held.xid <> ${literal(xid)}`;
  const look = `
    SELECT pg_catalog.json_build_object(
      'keyIndex', ${keyIndexOf(`${literal(table.name)}::pg_catalog.regclass`)},
      'found', pg_catalog.count(*),
      'held', (pg_catalog.array_agg(pg_catalog.json_build_array(held.pk, held.xid))
        FILTER (WHERE held.xid IS NOT NULL))[1])::text AS look
    FROM ${rowsOf(table)} AS locked LEFT JOIN dtx.undo_row AS held
      ON held.tbl = ${literal(table.name)} AND held.pk = ${rowKey(table, 'locked')} ${isOther}
    WHERE locked.tableoid = ${oid}::pg_catalog.oid
      AND locked.ctid = ANY ('${JSON.stringify(rows).replace('[', '{').replace(']', '}')}')`;
  const settings = pinnedSettings(table.key.map((name) => columnOf(table, name)));
  const { rows: found } = await session.query(
    settings.length === 0 ? look : pinned(look, settings),
  );
  return JSON.parse(String(found[0]?.['look'])) as Look;
}

/** In one packet. What is set for the key must not be there for the statements that follow. */
function pinned(look: string, settings: readonly string[]): string {
  return [
    'SAVEPOINT dtx_look',
    ...['search_path = pg_catalog, pg_temp', ...settings].map((line) => `SET LOCAL ${line}`),
    look,
    'ROLLBACK TO SAVEPOINT dtx_look',
    'RELEASE SAVEPOINT dtx_look',
  ].join('; ');
}
