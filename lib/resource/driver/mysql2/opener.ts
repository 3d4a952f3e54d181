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

/** Where nothing is open for sure: what SWITCH_OFF has the server look up costs it some 30 µs. */
const SWITCH_OFF_CLEAN = 'autocommit = 0';

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
  /** Nothing is open on the connection, and autocommit is on. */
  readonly isClean: boolean;
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
  /** Neither the mark may stay nor what it was for. */
  rollback(): Promise<void>;
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
  open(beginning: Beginning, ahead?: string): Promise<Opened> {
    if (!this.maySwitch(beginning)) return this.#begin(beginning, ahead);
    // Not async functions: this is the hot path, and each layer of them costs it promises.
    return this.#deps.sendText(switchOffText(beginning, ahead)).then(
      (header) => {
        // It was opened past the seam. To give autocommit back would commit it.
        if (isInTransaction(header)) return this.#deps.unclear(this.#alreadyOpen(beginning));
        return { opening: 'switched', header };
      },
      (error: unknown) => {
        this.#assertOtherWay(error);
        return this.#begin(beginning, ahead);
      },
    );
  }

  /** Passes where nothing has been switched off, and BEGIN says why or does it. */
  #assertOtherWay(error: unknown): void {
    const errno = errnoOf(error);
    if (errno === ER_WRONG_VALUE_FOR_VAR) return;
    if (errno !== ER_UNKNOWN_SYSTEM_VARIABLE) this.#deps.unclear(error);
    this.#knowsInTransaction = false;
  }

  async #begin(beginning: Beginning, ahead: string | undefined): Promise<Opened> {
    const header = await this.#beginBehind(beginning);
    if (ahead !== undefined) {
      await this.#deps.sendText(ahead).catch((error: unknown) => this.#deps.unclear(error));
    }
    return { opening: 'begun', header };
  }

  async #beginBehind(beginning: Beginning): Promise<ResultHeader> {
    const deps = this.#deps;
    const { request, tag } = beginning;
    const header = await deps
      .sendText(tag === '' ? TOUCH : tag)
      .catch((error: unknown) => deps.unclear(error));
    // START TRANSACTION would commit what is open, without undo.
    if (isInTransaction(header)) {
      await deps.clearMark();
      throw this.#alreadyOpen(beginning);
    }
    const begun =
      request === undefined ? deps.sendText('START TRANSACTION') : deps.sendRequest(request);
    return begun.catch(async (error: unknown) => {
      // Its answer may only have come too late for the driver.
      await deps.rollback();
      throw error;
    });
  }

  #alreadyOpen({ mark }: Beginning): Error {
    const xid = typeof mark === 'string' ? undefined : mark.xid;
    return new LocalTransactionOpenError(xid, this.#deps.resourceId);
  }
}

const isInTransaction = ({ serverStatus }: ResultHeader): boolean =>
  (serverStatus & IN_TRANSACTION) !== 0;

function switchOffText({ isClean, tag }: Beginning, ahead = ''): string {
  const assignments = [tag, ahead].filter((text) => text !== '').map(assignmentsOf);
  assignments.push(isClean ? SWITCH_OFF_CLEAN : SWITCH_OFF);
  return `SET ${assignments.join(', ')}`;
}

const SET = 'SET ';

/** Without its SET, so that others can stand beside it. */
function assignmentsOf(text: string): string {
  if (!text.startsWith(SET)) throw new Error(`Not a SET: ${text}`);
  return text.slice(SET.length);
}
