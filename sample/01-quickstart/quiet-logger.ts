import { ConsoleLogger } from '@nestjs/common';

import { CLEAR_LINE } from './progress.js';

/** Nest's logger for warnings and errors. */
export class QuietLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['warn', 'error', 'fatal'] });
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    // It warns of applications that share a process and each have a data source of the default
    // name. Ours do so on purpose: they stand for three processes.
    if (rest.at(-1) === 'DataSourceNameRegistry') return;
    clearProgress();
    super.warn(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    clearProgress();
    super.error(message, ...rest);
  }
}

/** The progress line is drawn anew, below the message. */
function clearProgress(): void {
  if (process.stdout.isTTY) process.stdout.write(CLEAR_LINE);
}
