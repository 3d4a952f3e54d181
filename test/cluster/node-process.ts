import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { NodeMessage, NodeOrder, NodeSettings } from './node/messages.js';

const PROGRAM = fileURLToPath(new URL('./node/node-program.js', import.meta.url));

const START_MS_MAX = 30_000;
const REST_MS_MAX = 60_000;
const STOP_MS_MAX = 30_000;
const OUTPUT_LENGTH_MAX = 20_000;

/** One node of the cluster, in a process that can be killed and frozen. */
export class NodeProcess {
  readonly name: string;
  readonly #settings: NodeSettings;
  #child: ChildProcess | undefined;
  #end = 'nothing yet';
  /** The end of what it has printed: nothing, if all is well. */
  output = '';

  constructor(settings: NodeSettings) {
    this.#settings = settings;
    this.name = settings.node;
  }

  /** Starts it, and its load. */
  async start(): Promise<void> {
    const child = fork(PROGRAM, [JSON.stringify(this.#settings)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
    });
    this.#child = child;
    child.once('exit', (status, signal) => {
      this.#child = undefined;
      this.#end = String(status ?? signal);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-OUTPUT_LENGTH_MAX);
      });
    }
    await this.#hear('ready', START_MS_MAX);
    this.#order('work');
  }

  /** As a loss of power: nothing in it runs any more. */
  async kill(): Promise<void> {
    const child = this.#running();
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** It holds its connections and knows nothing of the time that passes. */
  freeze(): void {
    this.#running().kill('SIGSTOP');
  }

  thaw(): void {
    this.#running().kill('SIGCONT');
  }

  /** It begins no more transactions, and still finishes those that are decided. */
  async rest(): Promise<void> {
    const resting = this.#hear('resting', REST_MS_MAX);
    this.#order('rest');
    await resting;
  }

  /** @throws Error when it does not end by itself, or badly */
  async stop(): Promise<void> {
    const child = this.#running();
    const gone = once(child, 'exit', { signal: AbortSignal.timeout(STOP_MS_MAX) });
    this.#order('stop');
    await gone;
    if (this.#end !== '0') throw new Error(`Node ${this.name} has ended with ${this.#end}.`);
  }

  /** Whatever it is doing, frozen or not. */
  destroy(): void {
    this.#child?.kill('SIGKILL');
  }

  #running(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    throw new Error(`Node ${this.name} has ended by itself (${this.#end}).`);
  }

  #order(order: NodeOrder): void {
    this.#running().send(order);
  }

  #hear(expected: NodeMessage, timeoutMs: number): Promise<void> {
    const child = this.#running();
    return new Promise((resolve, reject) => {
      const settle = (problem?: string): void => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit);
        if (problem === undefined) resolve();
        else reject(new Error(`Node ${this.name} ${problem}.`));
      };
      const onMessage = (message: unknown): void => {
        settle(message === expected ? undefined : `says ${String(message)}`);
      };
      const onExit = (status: number | null, signal: string | null): void => {
        settle(`has ended by itself (${String(status ?? signal)})`);
      };
      const timer = setTimeout(settle, timeoutMs, `has not said ${expected} in time`);
      child.on('message', onMessage).on('exit', onExit);
    });
  }
}
