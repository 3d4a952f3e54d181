import type { SqlSession } from '../../at-engine.interface.js';
import { ECHO_BRANCH, ECHO_PREFIX, TAG_SETTING, UNDOING_SETTING } from '../agreement.js';
import { findRows } from '../catalog.js';
import { queryJson } from '../session.js';
import type { TableDefinition } from '../table-definition.js';
import { shapeOf } from '../table-definition.js';
import type { UndoRow } from './undo-row.js';

interface StoredEcho {
  readonly tbl: string;
  readonly shape: string;
  readonly key: string;
  readonly version: string;
  readonly hasBefore: boolean;
  readonly hasAfter: boolean;
}

/**
 * What triggers of the user write to rows that no branch has touched, while a rollback restores
 * others. Capture records it in the same transaction, so that it can be taken back before anybody
 * sees it.
 */
export class Echoes {
  readonly #session: SqlSession;
  readonly #xid: string;
  readonly #tables = new Map<string, TableDefinition | undefined>();

  constructor(session: SqlSession, xid: string) {
    this.#session = session;
    this.#xid = xid;
  }

  async listen(): Promise<void> {
    await this.#session.query(
      `SELECT set_config('${TAG_SETTING}', $1, true), set_config('${UNDOING_SETTING}', 'on', true)`,
      [`${this.#xid}/${ECHO_BRANCH}`],
    );
  }

  /** The rows that were written so far and can be restored, the last one first. */
  async heard(): Promise<readonly UndoRow[]> {
    const stored = await queryJson<StoredEcho>(this.#session, STORED, [this.#xid]);
    const rows: UndoRow[] = [];
    for (const { hasAfter, hasBefore, key, shape, tbl, version } of stored) {
      const table = await this.#table(tbl);
      if (table === undefined || shapeOf(table) !== shape || !isOpen(table)) continue;
      const branchId = ECHO_BRANCH;
      rows.push({ branchId, table, key, version, hasBefore, hasAfter, changed: [] });
    }
    return rows;
  }

  async end(): Promise<void> {
    await this.#session.query(FORGET, [this.#xid]);
    await this.#session.query(
      `SET LOCAL ${TAG_SETTING} = ''; SET LOCAL ${UNDOING_SETTING} = 'off'`,
    );
  }

  async #table(name: string): Promise<TableDefinition | undefined> {
    if (!this.#tables.has(name)) {
      const table = await findRows(this.#session, name);
      this.#tables.set(name, table && { ...table, recordedAs: `${ECHO_PREFIX}${name}` });
    }
    return this.#tables.get(name);
  }
}

/** A trigger may write with other rights than those of the rollback. */
const isOpen = ({ hidesRows, missingPrivileges }: TableDefinition): boolean =>
  !hidesRows && missingPrivileges.every((privilege) => privilege === 'TRIGGER');

const ECHOES = `branch = ${ECHO_BRANCH} AND xid = $1 AND tbl LIKE '${ECHO_PREFIX}%'`;

const STORED = `
SELECT json_build_object('tbl', substr(tbl, ${String(ECHO_PREFIX.length + 1)}),
  'shape', shape::text, 'key', pk, 'version', xmin::text,
  'hasBefore', before IS NOT NULL, 'hasAfter', after IS NOT NULL)::text
FROM dtx.undo_row WHERE ${ECHOES} ORDER BY seq DESC`;

const FORGET = `DELETE FROM dtx.undo_row WHERE ${ECHOES}`;
