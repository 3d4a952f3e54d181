import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const ROOT = join(__dirname, '../../../..');
const LOADER = join(ROOT, 'scripts/load-typescript.cjs');

/** One of our TypeScript files as a process of its own. */
export class Program {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #lines: AsyncIterator<string>;

  /** @param file path from the root of the repository */
  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const code = `require(${JSON.stringify(resolve(ROOT, file))})`;
    this.#child = spawn(process.execPath, ['-r', LOADER, '-e', code, ...args], {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exit = once(this.#child, 'exit');
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The next line that it prints; undefined when it has ended. */
  async line(): Promise<string | undefined> {
    const next = await this.#lines.next();
    return next.done === true ? undefined : next.value;
  }

  /** Resolves with the signal that ended it, or its exit status. */
  async ended(): Promise<string | number | null> {
    await this.#exit;
    return this.#child.signalCode ?? this.#child.exitCode;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }
}
