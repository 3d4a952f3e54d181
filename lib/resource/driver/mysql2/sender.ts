import type { Mysql2Callback, ResultHeader } from './mysql2-driver.js';
import type { Mysql2Answer, Mysql2Request, Originals } from './mysql2-request.js';

/** Sends over one connection, past what we have put in front of it. */
export class Sender {
  readonly #originals: Originals;

  constructor(originals: Originals) {
    this.#originals = originals;
  }

  /** @param hasFailed looks at an error, and is waited for. @default nobody */
  request(
    request: Mysql2Request,
    hasFailed?: (error: unknown) => Promise<void>,
  ): Promise<Mysql2Answer> {
    return new Promise((resolve, reject) => {
      const callback: Mysql2Callback = (error, rows, fields) => {
        if (!isError(error)) resolve({ rows, fields });
        else if (hasFailed === undefined) reject(error);
        else
          hasFailed(error).then(() => {
            reject(error);
          }, reject);
      };
      request.send(this.#originals, callback);
    });
  }

  /** For statements of our own. */
  text(text: string): Promise<ResultHeader> {
    return new Promise((resolve, reject) => {
      const callback: Mysql2Callback = (error, rows) => {
        if (isError(error)) reject(error);
        else resolve(rows as ResultHeader);
      };
      this.#originals.query(text, undefined, callback);
    });
  }
}

/**
 * What mysql2 answers to a statement that touches no row, as if autocommit had stayed on.
 *
 * @param like an answer of the driver, whose class it is to have
 */
export function emptyAnswer(like: ResultHeader | undefined, serverStatus: number): Mysql2Answer {
  const prototype = Object.getPrototypeOf(like ?? {}) as object;
  const rows = Object.assign(Object.create(prototype) as object, {
    fieldCount: 0,
    affectedRows: 0,
    insertId: 0,
    info: '',
    serverStatus,
    warningStatus: 0,
    changedRows: 0,
  }) as ResultHeader;
  return { rows, fields: undefined };
}

function isError(error: unknown): error is Error {
  return error !== null && error !== undefined;
}
