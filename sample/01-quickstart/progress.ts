import type { WriteStream } from 'node:tty';

/** How far a run is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly committed: number;
}

/** Back to the first column, and everything in the line gone. */
export const CLEAR_LINE = '\r\u001B[2K';

const BAR_LENGTH = 24;
const REDRAW_MS = 100;
const PLAIN_LINES = 10;

/**
 * Shows how a run gets on: one line that is drawn anew on a terminal, a few plain lines elsewhere.
 */
export class ProgressLine {
  #drawnAtMs = 0;
  #plainLines = 0;

  constructor(private readonly out: Pick<WriteStream, 'write' | 'isTTY'>) {}

  show(progress: Progress): void {
    if (this.out.isTTY) this.#redraw(progress);
    else this.#printTenth(progress);
  }

  /** Prints a line of its own above. */
  note(text: string): void {
    this.clear();
    this.out.write(`  ${text}\n`);
  }

  /** Removes the line, so that the report begins in its place. */
  clear(): void {
    if (this.out.isTTY) this.out.write(CLEAR_LINE);
  }

  #redraw({ done, total, committed }: Progress): void {
    const nowMs = performance.now();
    if (done < total && nowMs - this.#drawnAtMs < REDRAW_MS) return;
    this.#drawnAtMs = nowMs;
    const full = Math.round((BAR_LENGTH * done) / Math.max(total, 1));
    const bar = '█'.repeat(full) + '░'.repeat(BAR_LENGTH - full);
    this.out.write(`${CLEAR_LINE}  ${bar}  ${describe({ done, total, committed })}`);
  }

  #printTenth(progress: Progress): void {
    const tenth = Math.floor((PLAIN_LINES * progress.done) / Math.max(progress.total, 1));
    if (tenth <= this.#plainLines) return;
    this.#plainLines = tenth;
    this.out.write(`  ${describe(progress)}\n`);
  }
}

const describe = ({ done, total, committed }: Progress): string =>
  `${String(done).padStart(String(total).length)} of ${total} orders: ` +
  `${committed} committed, ${done - committed} rolled back`;
