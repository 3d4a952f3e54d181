import { XaUnavailableError, messageOf } from '../../../protocol/index.js';
import { failpoint } from '../../../system/index.js';
import type { BranchTag, SqlSession, SqlSource } from '../../at/index.js';
import type { Ending, EndingAnswer, PreparedBranch, XaEngine, XaReport } from '../index.js';
import { partsOf, scopeOf, tagOf } from '../index.js';
import { endSession } from './end-session.js';
import { ACCESS_DENIED, XAER_NOTA, answerOf, errnoOf } from './server-errors.js';
import { assertServer } from './server-version.js';

interface MysqlXaOptions {
  readonly source: SqlSource;
  /** Of the data source. */
  readonly resourceId: string;
}

/** How long a branch may be listed and not be had, while its connection is being taken down. */
const DETACHED_WITHIN_SECONDS = 2;
const TRIES = 80;

/** Of names for which none is given, as ours. */
const FORMAT = 1;

/** Two-phase commit of MariaDB 10.5, MySQL 8.0.29, or later. */
export class MysqlXaEngine implements XaEngine {
  readonly #source: SqlSource;
  readonly #resourceId: string;
  readonly #scope: string;
  #detachesOnPrepare = false;

  constructor({ resourceId, source }: MysqlXaOptions) {
    this.#source = source;
    this.#resourceId = resourceId;
    this.#scope = scopeOf(resourceId);
  }

  /** MySQL lets the connection go at PREPARE; MariaDB only when it ends. */
  get detachesOnPrepare(): boolean {
    return this.#detachesOnPrepare;
  }

  check(): Promise<XaReport> {
    return this.#source.withSession(async (session) => {
      const { rows } = await session.query('SELECT VERSION() AS version');
      const kind = assertServer(this.#resourceId, String(rows[0]?.['version']));
      await this.#assertMayList(session);
      if (kind === 'mysql') {
        const found = await session.query('SELECT @@xa_detach_on_prepare AS detaches');
        this.#detachesOnPrepare = Number(found.rows[0]?.['detaches']) === 1;
      }
      return { slots: undefined, warnings: [] };
    });
  }

  nameOf(tag: BranchTag): string {
    const [first, second] = partsOf(this.#scope, tag);
    return `'${first}','${second}'`;
  }

  list(): Promise<readonly PreparedBranch[]> {
    return this.#source.withSession((session) => this.#listIn(session));
  }

  end(
    tag: BranchTag,
    ending: Ending,
    sessionId?: string,
    onLost?: () => void,
  ): Promise<EndingAnswer> {
    return this.#source.withSession(async (session) => {
      for (let attempt = 0; attempt < TRIES; attempt += 1) {
        const answer = await this.#endIn(session, tag, ending, onLost);
        if (answer !== undefined) return answer;
        // The answer is the same for a branch that is over and for one that a connection has.
        if (!(await this.#isListed(session, tag))) return 'absent';
        if (attempt === 0 && sessionId !== undefined) await endSession(session, sessionId);
        await session.query('DO SLEEP(?)', [DETACHED_WITHIN_SECONDS / TRIES]);
      }
      return 'busy';
    });
  }

  resolvePrepare(tag: BranchTag, sessionId: string | undefined): Promise<boolean> {
    return this.#source.withSession(async (session) => {
      if (await this.#isListed(session, tag)) return true;
      await endSession(session, sessionId);
      return this.#isListed(session, tag);
    });
  }

  /** The server forgets a branch with its end. */
  endingOf(): Promise<Ending | undefined> {
    return Promise.resolve(undefined);
  }

  isHopeless(error: unknown): boolean {
    return ACCESS_DENIED.has(errnoOf(error) ?? 0);
  }

  isExhausted(): boolean {
    return false;
  }

  async #endIn(
    session: SqlSession,
    tag: BranchTag,
    ending: Ending,
    onLost: (() => void) | undefined,
  ): Promise<EndingAnswer | undefined> {
    try {
      const verb = ending === 'commit' ? 'COMMIT' : 'ROLLBACK';
      const answer = session.query(`XA ${verb} ${this.nameOf(tag)}`);
      failpoint(`xa.${ending}.sent`);
      await answer;
      return 'done';
    } catch (error) {
      if (errnoOf(error) === XAER_NOTA) return undefined;
      const answer = answerOf(error, ending);
      if (answer === undefined) {
        if (!ACCESS_DENIED.has(errnoOf(error) ?? 0)) onLost?.();
        throw error;
      }
      return answer;
    }
  }

  async #assertMayList(session: SqlSession): Promise<void> {
    try {
      await this.#listIn(session);
    } catch (error) {
      if (!ACCESS_DENIED.has(errnoOf(error) ?? 0)) throw error;
      throw new XaUnavailableError(
        this.#resourceId,
        `its user may not list prepared branches (${messageOf(error)}), so nobody could finish ` +
          `them after a crash. GRANT XA_RECOVER_ADMIN ON *.* to it.`,
        { cause: error },
      );
    }
  }

  async #listIn(session: SqlSession): Promise<readonly PreparedBranch[]> {
    const { rows } = await session.query('XA RECOVER');
    return rows.flatMap((row) => {
      // MariaDB looks at no format when it ends a branch: that of another one would be ended too.
      if (Number(row['formatID']) !== FORMAT) return [];
      const data = textOf(row['data']);
      const length = Number(row['gtrid_length']);
      const tag = tagOf(this.#scope, data.slice(0, length), data.slice(length));
      return tag === undefined ? [] : [tag];
    });
  }

  async #isListed(session: SqlSession, { branchId, xid }: BranchTag): Promise<boolean> {
    const listed = await this.#listIn(session);
    return listed.some((branch) => branch.branchId === branchId && branch.xid === xid);
  }
}

/** Names of others may be no text; ours are ASCII, so that each byte is a character. */
function textOf(data: unknown): string {
  return Buffer.isBuffer(data) ? data.toString('latin1') : String(data);
}
