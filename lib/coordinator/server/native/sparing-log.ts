import type { DtxLog } from '../../../protocol/index.js';

/** Lines that others can cause to be written: so many at a time, and the rest is counted. */
export class SparingLog {
  readonly #log: DtxLog;
  readonly #linesMax: number;
  #lineCount = 0;

  constructor(log: DtxLog, linesMax: number) {
    this.#log = log;
    this.#linesMax = linesMax;
  }

  warn(line: string): void {
    this.#lineCount += 1;
    if (this.#lineCount <= this.#linesMax) this.#log.warn(line);
  }

  error(line: string, cause: unknown): void {
    this.#lineCount += 1;
    if (this.#lineCount <= this.#linesMax) this.#log.error(line, cause);
  }

  /** Called regularly: new lines may be written from now on. */
  sweep(): void {
    const leftOut = this.#lineCount - this.#linesMax;
    if (leftOut > 0) this.#log.warn(`${String(leftOut)} more of these were not logged.`);
    this.#lineCount = 0;
  }
}
