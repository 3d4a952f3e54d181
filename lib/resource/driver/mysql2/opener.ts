import { LocalTransactionOpenError } from '../../../protocol/index.js';
import type { Mark } from '../../at/index.js';
import type { ResultHeader } from './mysql2-driver.js';
import { IN_TRANSACTION } from './mysql2-driver.js';
import type { Mysql2Request } from './mysql2-request.js';
import { ER_UNKNOWN_SYSTEM_VARIABLE, ER_WRONG_VALUE_FOR_VAR, errnoOf } from './server-error.js';

/** Does nothing, and answers with the state of the session. */
export const TOUCH = 'DO 0';

/**
 * Fails, and changes nothing, where a transaction is open or every statement opens one: switching
 * autocommit back on at the end would then commit what is not ours, or change the session.
 */
const SWITCH_OFF = 'autocommit = IF(@@autocommit AND NOT @@in_transaction, 0, 2)';

/**
 * How the local transaction that is open was begun:
 *
 * - `switched`: mark and transaction by one SET, which takes autocommit away; the SET that gives it
 *   back commits. Two round trips less than BEGIN and COMMIT with the mark set beside them.
 * - `begun`: by START TRANSACTION behind the mark.
 * - `xa`: by XA START behind the mark.
 */
export type Opening = 'none' | 'switched' | 'begun' | 'xa';

/** A local transaction that is to be opened. */
export interface Beginning {
  readonly mark: Mark;
  /** Sets the mark; empty where nothing is captured. */
  readonly tag: string;
  /** The application's BEGIN; undefined where it has sent none. */
  readonly request: Mysql2Request | undefined;
  /** It asks for nothing that only BEGIN can give. */
  readonly isPlain: boolean;
}

export interface Opened {
  readonly opening: Exclude<Opening, 'none' | 'xa'>;
  readonly header: ResultHeader;
}

interface OpenerDeps {
  readonly resourceId: string;
  sendText(text: string): Promise<ResultHeader>;
  sendRequest(request: Mysql2Request): Promise<ResultHeader>;
  /** The mark must not stay. */
  clearMark(): Promise<void>;
  /** Whether the mark stands is not known. */
  unclear(error: unknown): never;
}

/** Opens local transactions on one connection, each with its mark. */
export class Opener {
  readonly #deps: OpenerDeps;
  /** What the server itself says can be asked only of MariaDB. */
  #knowsInTransaction = true;

  constructor(deps: OpenerDeps) {
    this.#deps = deps;
  }

  maySwitch({ isPlain }: Beginning): boolean {
    return isPlain && this.#knowsInTransaction;
  }

  /**
   * @param ahead a SET of ours that has to come before the first statement; in the same one if it
   * can be
   * @throws LocalTransactionOpenError another one is open; nothing has begun
   */
  async open(beginning: Beginning, ahead?: string): Promise<Opened> {
    if (this.maySwitch(beginning)) {
      const header = await this.#switchOff(beginning.tag, ahead);
      if (header !== undefined) return { opening: 'switched', header };
    }
    const header = await this.#beginBehind(beginning);
    if (ahead !== undefined) await this.#deps.sendText(ahead);
    return { opening: 'begun', header };
  }

  async #switchOff(tag: string, ahead: string | undefined): Promise<ResultHeader | undefined> {
    const assignments = [tag, ahead ?? ''].filter((text) => text !== '').map(assignmentsOf);
    try {
      return await this.#deps.sendText(`SET ${[...assignments, SWITCH_OFF].join(', ')}`);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === ER_WRONG_VALUE_FOR_VAR) return undefined;
      if (errno !== ER_UNKNOWN_SYSTEM_VARIABLE) return this.#deps.unclear(error);
      this.#knowsInTransaction = false;
      return undefined;
    }
  }

  async #beginBehind({ mark, request, tag }: Beginning): Promise<ResultHeader> {
    const deps = this.#deps;
    const { serverStatus } = await deps
      .sendText(tag === '' ? TOUCH : tag)
      .catch((error: unknown) => deps.unclear(error));
    // START TRANSACTION would commit what is open, without undo.
    if ((serverStatus & IN_TRANSACTION) !== 0) {
      await deps.clearMark();
      const xid = typeof mark === 'string' ? undefined : mark.xid;
      throw new LocalTransactionOpenError(xid, deps.resourceId);
    }
    const begun =
      request === undefined ? deps.sendText('START TRANSACTION') : deps.sendRequest(request);
    return begun.catch(async (error: unknown) => {
      await deps.clearMark();
      throw error;
    });
  }
}

const SET = 'SET ';

/** Without its SET, so that others can stand beside it. */
function assignmentsOf(text: string): string {
  if (!text.startsWith(SET)) throw new Error(`Not a SET: ${text}`);
  return text.slice(SET.length);
}
