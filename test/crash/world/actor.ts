import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { until } from '../../support/until.js';
import type { ActorSettings, Order, Report, Role } from '../process/messages.js';

const PROGRAM = fileURLToPath(new URL('../process/actor-program.js', import.meta.url));

const LOAD_MS_MAX = 240_000;
const START_MS_MAX = 90_000;
const OUTPUT_LENGTH_MAX = 4_000;

/** A process that has loaded everything and waits to be told what it is. */
class Spare {
  readonly child: ChildProcess;
  readonly loaded: Promise<unknown>;
  output = '';

  constructor(lib: string) {
    this.child = fork(PROGRAM, [lib], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
    this.loaded = once(this.child, 'message', { signal: AbortSignal.timeout(LOAD_MS_MAX) });
    this.loaded.catch(() => undefined);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-OUTPUT_LENGTH_MAX);
      });
    }
  }
}

/** Processes that stand by, so that a victim is followed at once. */
export class Spares {
  readonly #lib: string;
  readonly #ready: Spare[] = [];
  #isClosed = false;

  constructor(lib: string, count: number) {
    this.#lib = lib;
    for (let index = 0; index < count; index += 1) this.#ready.push(new Spare(lib));
  }

  async take(): Promise<Spare> {
    const spare = this.#ready.shift() ?? new Spare(this.#lib);
    if (!this.#isClosed) this.#ready.push(new Spare(this.#lib));
    await spare.loaded;
    return spare;
  }

  close(): void {
    this.#isClosed = true;
    for (const { child } of this.#ready) child.kill('SIGKILL');
  }
}

/** One of the four that can be killed and frozen, and started again in the same place. */
export class Actor {
  readonly role: Role;
  settings: ActorSettings;
  /** All that it has reported. */
  readonly reports: Report[] = [];
  readonly #spares: Spares;
  #running: Spare | undefined;
  #planned = 0;

  constructor(settings: ActorSettings, spares: Spares) {
    this.role = settings.role;
    this.settings = settings;
    this.#spares = spares;
  }

  get isAlive(): boolean {
    const child = this.#running?.child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get isStopped(): boolean {
    if (!this.isAlive) return false;
    const stat = readFileSync(`/proc/${String(this.#running?.child.pid)}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  }

  get output(): string {
    return this.#running?.output ?? '';
  }

  /** @param plan of its failpoints from the start on */
  async start(plan?: string): Promise<void> {
    await this.launch(plan);
    await until(() => this.reports.some(({ kind }) => kind === 'ready'), START_MS_MAX);
  }

  /** As start(), without waiting until it is ready: it may be killed before. */
  async launch(plan?: string): Promise<void> {
    const spare = await this.#spares.take();
    this.#running = spare;
    this.reports.length = 0;
    this.#planned = 0;
    spare.child.on('message', (report: Report) => {
      if (report.kind === 'planned') this.#planned += 1;
      else this.reports.push(report);
    });
    if (plan !== undefined) this.send({ kind: 'plan', plan });
    this.send({ kind: 'start', settings: this.settings });
  }

  get isReady(): boolean {
    return this.isAlive && this.reports.some(({ kind }) => kind === 'ready');
  }

  /** Whether it still does its part of a transfer, perhaps long after anybody waits for it. */
  get isWorking(): boolean {
    if (!this.isAlive) return false;
    const countOf = (kind: Report['kind']): number =>
      this.reports.filter((report) => report.kind === kind).length;
    return countOf('working') > countOf('worked');
  }

  /** Resolves when the plan is in force. */
  async plan(plan: string | undefined): Promise<void> {
    const before = this.#planned;
    this.send({ kind: 'plan', plan });
    await until(() => this.#planned > before || !this.isAlive, START_MS_MAX);
  }

  send(order: Order): void {
    if (this.isAlive) this.#running?.child.send(order, () => undefined);
  }

  kill(): void {
    this.#running?.child.kill('SIGKILL');
  }

  thaw(): void {
    this.#running?.child.kill('SIGCONT');
  }
}
