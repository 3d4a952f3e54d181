import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DynamicModule, LoggerService } from '@nestjs/common';
import { DtxModule } from 'nestjs-dtx';
import type { DtxModuleOptions, TransactionInfo } from 'nestjs-dtx';

const folder = mkdtempSync(join(tmpdir(), 'dtx-nest-'));

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

let storeCount = 0;

/** A coordinator file of its own, in a folder that goes with the test file. */
export function freshStore(): string {
  storeCount += 1;
  return join(folder, `coordinator-${String(storeCount)}.db`);
}

/** DtxModule over a real coordinator, and what its transactions do, in order. */
export interface Recorded {
  readonly module: DynamicModule;
  readonly transcript: readonly string[];
}

export function recordedDtx(options: Partial<DtxModuleOptions> = {}): Recorded {
  const transcript: string[] = [];
  const note = (what: string) => (info: TransactionInfo) => {
    transcript.push(`${what} ${info.name}`);
  };
  const module = DtxModule.forRoot({
    applicationId: 'test-app',
    coordinator: { store: freshStore() },
    hooks: {
      afterBegin: note('begin'),
      afterCommit: note('commit'),
      afterRollback: note('rollback'),
    },
    ...options,
  });
  return { module, transcript };
}

interface LogLine {
  readonly level: string;
  readonly context: string;
  readonly message: string;
}

/** Nest's log, kept. */
export class LogLines implements LoggerService {
  readonly #lines: LogLine[] = [];

  log = this.#at('log');
  warn = this.#at('warn');
  error = this.#at('error');
  debug = this.#at('debug');

  /** What was logged in one context, as `warn the message`. */
  of(context: string): readonly string[] {
    return this.#lines
      .filter((line) => line.context === context)
      .map(({ level, message }) => `${level} ${message}`);
  }

  #at(level: string) {
    return (message: unknown, ...rest: unknown[]): void => {
      this.#lines.push({ level, context: String(rest.at(-1)), message: String(message) });
    };
  }
}
