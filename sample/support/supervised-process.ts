import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that is kept running. */
export interface ProcessSettings {
  readonly name: string;
  /** A file that Node runs, and its arguments. */
  readonly command: readonly [file: string, ...args: string[]];
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it prints is appended here. A line that begins with `ready` says that it is. */
  readonly logFile: string;
  /** It was killed, for the so-manieth time, and is about to be started again. */
  readonly onKilled?: (name: string, kills: number) => void;
  /** It has ended by itself, or does not come back. */
  readonly onFailure: (error: Error) => void;
}

const READY = /^ready\b/m;
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;
const RESTART_PAUSE_MS = 200;
const TAIL_LENGTH_MAX = 2_000;

/**
 * Loaded before the program: the channel to us closes when we die, however we die, and nobody else
 * would end the program then.
 */
const END_WITH_PARENT = `data:text/javascript,${encodeURIComponent(
  `process.once('disconnect', () => process.exit(1)); process.channel?.unref();`,
)}`;

/**
 * A process of ours. Killed with SIGKILL, whoever does it, it is started again; if it ends in any
 * other way before it is stopped, something is wrong with it, and that is reported.
 */
export class SupervisedProcess {
  readonly name: string;
  readonly #settings: ProcessSettings;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  #running: Promise<void> | undefined;
  #isStopping = false;
  #kills = 0;
  #tail = '';

  constructor(settings: ProcessSettings) {
    this.name = settings.name;
    this.#settings = settings;
    this.#log = createWriteStream(settings.logFile, { flags: 'a' });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** How often it was killed. */
  get kills(): number {
    return this.#kills;
  }

  /** Resolves when it is ready. */
  start(): Promise<void> {
    this.#running = this.#launch();
    return this.#running;
  }

  /** As a loss of power: nothing in it runs any more. Resolves when it is ready again. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child !== undefined) {
      const gone = once(child, 'close');
      child.kill('SIGKILL');
      await gone;
    }
    await this.#running;
  }

  /** @throws Error when it does not end by itself after SIGTERM; then it is killed */
  async stop(): Promise<void> {
    this.#isStopping = true;
    try {
      await this.#terminate();
    } finally {
      this.#log.end();
    }
  }

  /** Resolves when it is ready, if need be after further starts. */
  #launch(): Promise<void> {
    const child = this.#spawn();
    return new Promise((resolve, reject) => {
      let isReady = false;
      const timer = setTimeout(() => {
        reject(this.#problem('is not ready in time'));
        child.kill('SIGTERM');
      }, READY_MS_MAX);
      const onOutput = (chunk: Buffer): void => {
        this.#keep(chunk);
        if (isReady || !READY.test(this.#tail)) return;
        isReady = true;
        clearTimeout(timer);
        resolve();
      };
      child.stdout?.on('data', onOutput);
      child.stderr?.on('data', onOutput);
      child.once('error', reject);
      // Not `exit`: only now its output has been read to the end.
      child.once('close', (status, signal) => {
        clearTimeout(timer);
        this.#child = undefined;
        const end = this.#ended(status, signal);
        if (isReady) end?.catch(this.#settings.onFailure);
        // Killed before it was ready: whoever waits for that goes on waiting.
        else Promise.resolve(end).then(resolve, reject);
      });
    });
  }

  #spawn(): ChildProcess {
    const { command, env } = this.#settings;
    this.#tail = '';
    this.#child = spawn(process.execPath, ['--import', END_WITH_PARENT, ...command], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C in the terminal goes to us, and we stop it when all is done.
      detached: true,
    });
    return this.#child;
  }

  /** @returns when it is ready again; rejected when it cannot go on; nothing when it shall not */
  #ended(status: number | null, signal: string | null): Promise<void> | undefined {
    if (this.#isStopping) return undefined;
    if (signal !== 'SIGKILL') {
      return Promise.reject(this.#problem(`has ended by itself (${String(status ?? signal)})`));
    }
    this.#kills += 1;
    this.#settings.onKilled?.(this.name, this.#kills);
    this.#running = this.#restart();
    return this.#running;
  }

  async #restart(): Promise<void> {
    await sleep(RESTART_PAUSE_MS);
    if (!this.#isStopping) await this.#launch();
  }

  #keep(chunk: Buffer): void {
    this.#tail = (this.#tail + chunk.toString()).slice(-TAIL_LENGTH_MAX);
    if (!this.#log.writableEnded) this.#log.write(chunk);
  }

  async #terminate(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'close');
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    child.kill('SIGTERM');
    await gone;
    clearTimeout(limit);
    if (child.signalCode === 'SIGKILL') {
      throw this.#problem(`has not ended within ${STOP_MS_MAX / 1000} s of SIGTERM`);
    }
  }

  #problem(what: string): Error {
    const said = this.#tail.trim();
    return new Error(
      `The process ${this.name} ${what}. See ${this.#settings.logFile}.${said && `\n${said}`}`,
    );
  }
}
