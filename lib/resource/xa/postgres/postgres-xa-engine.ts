import { XaUnavailableError, codeOf } from '../../../protocol/index.js';
import { failpoint } from '../../../system/index.js';
import type { BranchTag, SqlSession, SqlSource } from '../../at/index.js';
import type { Ending, EndingAnswer, PreparedBranch, XaEngine, XaReport } from '../index.js';
import { NAME_PREFIX, partsOf, scopeOf, tagOf } from '../index.js';
import { endSession } from './end-session.js';

interface PostgresXaOptions {
  readonly source: SqlSource;
  /** Of the data source. */
  readonly resourceId: string;
}

/** The list has 32 bits of the id; the rest is that of the newest, or one less behind a wrap. */
const FULL_ID = 'next - mod(next - transaction::text::bigint, 4294967296)';

/** Of the transactions that a server may have prepared, others may want some too. */
const SHARE_OF_SLOTS = 0.75;

const UNDEFINED_OBJECT = '42704';
const OUT_OF_MEMORY = '53200';
/** Another role has prepared it, or in another database. */
const NOT_OURS: ReadonlySet<unknown> = new Set(['42501', '0A000']);

/** Two-phase commit of PostgreSQL 13 and later: `PREPARE TRANSACTION` and what ends it. */
export class PostgresXaEngine implements XaEngine {
  readonly #source: SqlSource;
  readonly #resourceId: string;
  readonly #scope: string;

  constructor({ resourceId, source }: PostgresXaOptions) {
    this.#source = source;
    this.#resourceId = resourceId;
    this.#scope = scopeOf(resourceId);
  }

  async check(): Promise<XaReport> {
    const value = await this.#source.withSession(async (session) => {
      const { rows } = await session.query(
        "SELECT current_setting('max_prepared_transactions') AS value",
      );
      return Number(rows[0]?.['value']);
    });
    if (value === 0) {
      throw new XaUnavailableError(
        this.#resourceId,
        'the server has max_prepared_transactions = 0, which is its default. Set it to at least ' +
          'max_connections in postgresql.conf, restart the server (a reload is not enough), or ' +
          'use AT.',
      );
    }
    return { slots: Math.max(1, Math.floor(value * SHARE_OF_SLOTS)), warnings: [] };
  }

  nameOf(tag: BranchTag): string {
    return `'${this.#gidOf(tag)}'`;
  }

  list(): Promise<readonly PreparedBranch[]> {
    return this.#source.withSession((session) => this.#listIn(session));
  }

  end(tag: BranchTag, ending: Ending): Promise<EndingAnswer> {
    return this.#source.withSession(async (session) => {
      try {
        const verb = ending === 'commit' ? 'COMMIT' : 'ROLLBACK';
        const answer = session.query(`${verb} PREPARED ${this.nameOf(tag)}`);
        failpoint(`xa.${ending}.sent`);
        await answer;
        return 'done';
      } catch (error) {
        if (codeOf(error) !== UNDEFINED_OBJECT) throw error;
        // Another name of a database, or a session that has it in hand, would answer alike.
        return (await this.#isListed(session, tag)) ? 'busy' : 'absent';
      }
    });
  }

  resolvePrepare(tag: BranchTag, sessionId: string | undefined): Promise<boolean> {
    return this.#source.withSession(async (session) => {
      if (await this.#isListed(session, tag)) return true;
      await endSession(session, sessionId);
      return this.#isListed(session, tag);
    });
  }

  endingOf(proof: string): Promise<Ending | undefined> {
    return this.#source.withSession(async (session) => {
      const { rows } = await session.query('SELECT pg_xact_status($1::xid8) AS status', [proof]);
      const status = rows[0]?.['status'];
      return status === 'committed' ? 'commit' : status === 'aborted' ? 'rollback' : undefined;
    });
  }

  isHopeless(error: unknown): boolean {
    return NOT_OURS.has(codeOf(error));
  }

  isExhausted(error: unknown): boolean {
    return codeOf(error) === OUT_OF_MEMORY;
  }

  #gidOf(tag: BranchTag): string {
    return partsOf(this.#scope, tag).join('|');
  }

  async #listIn(session: SqlSession): Promise<readonly PreparedBranch[]> {
    const { rows } = await session.query(
      `SELECT gid, (extract(epoch FROM clock_timestamp() - prepared) * 1000)::bigint::text AS age,
              (${FULL_ID})::text AS proof
         FROM pg_prepared_xacts,
              (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next) AS ids
        WHERE database = current_database() AND gid LIKE '${NAME_PREFIX}:%'`,
    );
    return rows.flatMap(({ age, gid, proof }) => {
      const [first = '', second = '', ...more] = String(gid).split('|');
      const tag = more.length === 0 ? tagOf(this.#scope, first, second) : undefined;
      return tag === undefined ? [] : [{ ...tag, ageMs: Number(age), proof: String(proof) }];
    });
  }

  async #isListed(session: SqlSession, tag: BranchTag): Promise<boolean> {
    const { rows } = await session.query(
      'SELECT 1 AS found FROM pg_prepared_xacts WHERE gid = $1 AND database = current_database()',
      [this.#gidOf(tag)],
    );
    return rows.length > 0;
  }
}
