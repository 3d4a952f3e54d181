import { TccFenceInstallError, assertBranch } from '../../protocol/index.js';
import type { BranchTag, SqlSource } from '../at/index.js';
import type { FenceDialect } from './fence-dialects.js';
import type { TccFenceRow, TccFences } from './tcc-fences.interface.js';
import { TCC_FENCE } from './tcc-fences.interface.js';

const PURGE_ROUNDS_MAX = 100;

interface SqlTccFencesOptions {
  readonly source: SqlSource;
  readonly dialect: FenceDialect;
  readonly resourceId: string;
}

/**
 * Fence rows in any SQL database. Ids and names are checked against their alphabets and notes are
 * base64, so that texts can be put together, and sent in the packet of a BEGIN.
 */
export class SqlTccFences implements TccFences {
  readonly #source: SqlSource;
  readonly #dialect: FenceDialect;
  readonly #resourceId: string;

  constructor({ dialect, resourceId, source }: SqlTccFencesOptions) {
    this.#source = source;
    this.#dialect = dialect;
    this.#resourceId = resourceId;
  }

  install(mode: 'mend' | 'check'): Promise<void> {
    const { create, exists } = this.#dialect;
    return this.#source.withSession(async (session) => {
      if ((await session.query(exists)).rows.length > 0) return;
      if (mode === 'check') throw new TccFenceInstallError(this.#resourceId, create);
      try {
        for (const text of create) await session.query(text);
      } catch (cause) {
        // Another process of the application may have been faster.
        if ((await session.query(exists)).rows.length > 0) return;
        throw new TccFenceInstallError(this.#resourceId, create, { cause });
      }
    });
  }

  enterText(tag: BranchTag, action: string): string {
    return this.#insertText(tag, action, TCC_FENCE.tried);
  }

  switchText(tag: BranchTag, to: number): string {
    const { now, table } = this.#dialect;
    return (
      `UPDATE ${table} SET state = ${String(to)}, changed_at = ${now} ` +
      `WHERE ${whose(tag)} AND state = ${String(TCC_FENCE.tried)}`
    );
  }

  notesText(tag: BranchTag, notes: string): string {
    const encoded = Buffer.from(notes).toString('base64');
    return `UPDATE ${this.#dialect.table} SET notes = '${encoded}' WHERE ${whose(tag)}`;
  }

  look(tag: BranchTag): Promise<TccFenceRow | undefined> {
    const { lock, table } = this.#dialect;
    return this.#source.withSession(async (session) => {
      const { rows } = await session.query(
        `SELECT state AS state, notes AS notes FROM ${table} WHERE ${whose(tag)}${lock}`,
      );
      const [row] = rows;
      return row === undefined
        ? undefined
        : { state: Number(row['state']), notes: decoded(row['notes']) };
    });
  }

  async bury(tag: BranchTag, action: string): Promise<TccFenceRow> {
    const inserted = await this.carryOut(this.#insertText(tag, action, TCC_FENCE.tombstone));
    if (inserted === 1) return { state: TCC_FENCE.tombstone, notes: undefined };
    const row = await this.look(tag);
    if (row === undefined) throw new Error('the fence row has gone while it was looked for');
    return row;
  }

  carryOut(text: string): Promise<number> {
    return this.#source.withSession(async (session) => (await session.query(text)).rowCount);
  }

  async purge(action: string, olderThanMs: number): Promise<number> {
    const { purge } = this.#dialect;
    const filled = (text: string): string =>
      text.replace('{action}', action).replace('{ms}', String(Math.ceil(olderThanMs)));
    let count = 0;
    for (let round = 0; round < PURGE_ROUNDS_MAX; round += 1) {
      const deleted =
        typeof purge === 'string'
          ? await this.carryOut(filled(purge))
          : await this.#purgeByKey(filled(purge.find), purge.forget);
      count += deleted;
      if (deleted === 0) break;
    }
    return count;
  }

  #purgeByKey(find: string, forget: string): Promise<number> {
    return this.#source.withSession(async (session) => {
      const { rows } = await session.query(find);
      if (rows.length === 0) return 0;
      const keys = rows.map((row) => {
        const tag = { xid: String(row['xid']), branchId: String(row['branch']) };
        const { branchId, xid } = assertBranch(tag);
        return [branchId, xid];
      });
      // Not a parameter: its quotes would be escaped with backslashes, which some sql_modes do not
      // read.
      return (await session.query(forget.replace('{keys}', () => JSON.stringify(keys)))).rowCount;
    });
  }

  #insertText(tag: BranchTag, action: string, state: number): string {
    const { branchId, xid } = assertBranch(tag);
    return this.#dialect.insert.replace(
      '{values}',
      `('${xid}', ${branchId}, '${action}', ${String(state)})`,
    );
  }
}

function whose(tag: BranchTag): string {
  const { branchId, xid } = assertBranch(tag);
  return `branch = ${branchId} AND xid = '${xid}'`;
}

const decoded = (notes: unknown): string | undefined =>
  typeof notes === 'string' ? Buffer.from(notes, 'base64').toString() : undefined;
