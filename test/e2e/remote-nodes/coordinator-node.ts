import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { LOOPBACK } from '../../../sample/support/free-ports.js';
import { until } from '../../support/until.js';

const ROOT = join(__dirname, '../../..');
const PROGRAM = join(ROOT, 'dist/esm/cli/main.js');

const READY = /^ready\b/m;
const START_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;

/** Brings the package up to date: what runs is what is published. */
export function buildPackage(): void {
  const script = join(ROOT, 'scripts/build.mjs');
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The package cannot be built: ${stderr}`);
}

export interface NodeSettings {
  readonly port: number;
  readonly store: string;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
}

/** The bundled coordinator, in a process that can be killed, frozen and asked to end. */
export class CoordinatorNode {
  readonly address: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;
  /** What it has printed since its last start. */
  output = '';

  constructor({ heartbeatMs, leaseMs, port, store }: NodeSettings) {
    this.address = `${LOOPBACK}:${String(port)}`;
    this.#args = [
      ...['coordinator', '--listen', this.address, '--store', store],
      ...['--lease-ms', String(leaseMs), '--heartbeat-ms', String(heartbeatMs)],
    ];
  }

  /** Resolves when it serves clients. */
  async start(): Promise<void> {
    this.output = '';
    const child = spawn(process.execPath, [PROGRAM, ...this.#args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    await until(() => READY.test(this.output) || hasEnded(child), START_MS_MAX);
    if (hasEnded(child)) throw new Error(`The node did not start: ${this.output}`);
  }

  /** As a loss of power. */
  async kill(): Promise<void> {
    const child = this.#running();
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    await closed;
  }

  /** It keeps its connections and its memory, and the time goes on without it. */
  freeze(): void {
    this.#running().kill('SIGSTOP');
  }

  thaw(): void {
    this.#running().kill('SIGCONT');
  }

  /** Asks it to end. Resolves with its exit status, or the signal that has ended it. */
  async terminate(): Promise<number | string | null> {
    const child = this.#running();
    const closed = once(child, 'close', { signal: AbortSignal.timeout(STOP_MS_MAX) });
    child.kill('SIGTERM');
    await closed;
    return child.signalCode ?? child.exitCode;
  }

  /** Whatever it is doing, frozen or not. */
  async destroy(): Promise<void> {
    if (this.#child !== undefined && !hasEnded(this.#child)) await this.kill();
  }

  #running(): ChildProcess {
    if (this.#child !== undefined && !hasEnded(this.#child)) return this.#child;
    throw new Error(`The node at ${this.address} does not run: ${this.output}`);
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
