import { ConsoleLogger } from '@nestjs/common';

/** Nest's logger for warnings and errors. */
export class QuietLogger extends ConsoleLogger {
  constructor() {
    super({ logLevels: ['warn', 'error', 'fatal'] });
  }

  override warn(message: unknown, ...rest: unknown[]): void {
    // It warns of applications that share a process and each have a data source of the default
    // name. Ours do so on purpose: they stand for three processes.
    if (rest.at(-1) !== 'DataSourceNameRegistry') super.warn(message, ...rest);
  }
}
