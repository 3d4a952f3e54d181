import type { DtxLog } from '../../../../lib/protocol/index.js';

/** Keeps what operators are told, each line with its level in front. */
export class RecordingLog implements DtxLog {
  readonly lines: string[] = [];

  info(message: string): void {
    this.lines.push(`info ${message}`);
  }

  warn(message: string): void {
    this.lines.push(`warn ${message}`);
  }

  error(message: string): void {
    this.lines.push(`error ${message}`);
  }

  debug(message: string): void {
    this.lines.push(`debug ${message}`);
  }
}
