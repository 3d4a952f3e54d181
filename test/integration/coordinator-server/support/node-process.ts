import type { NativeServerOptions, NativeServerStats } from '../../../../lib/coordinator/index.js';
import { Program } from '../../coordinator/support/program.js';

export interface NodeReport {
  /** Since the report before. */
  readonly rssBytesMax: number;
  readonly lines: readonly string[];
  readonly stats: NativeServerStats;
}

/** The program beside this file, running. */
export class NodeProcess {
  readonly address: string;
  readonly #program: Program;
  readonly #reportPort: number;

  static async start(options: Partial<NativeServerOptions>): Promise<NodeProcess> {
    const file = 'test/integration/coordinator-server/support/node-program.ts';
    const program = new Program(file, [JSON.stringify(options)]);
    const line = await program.line();
    if (line === undefined) throw new Error('The node has ended before it was ready');
    return new NodeProcess(program, JSON.parse(line) as Ports);
  }

  private constructor(program: Program, { address, reportPort }: Ports) {
    this.#program = program;
    this.#reportPort = reportPort;
    this.address = address;
  }

  async report(): Promise<NodeReport> {
    const response = await fetch(`http://127.0.0.1:${String(this.#reportPort)}`);
    return (await response.json()) as NodeReport;
  }

  kill(): Promise<void> {
    return this.#program.kill();
  }
}

interface Ports {
  readonly address: string;
  readonly reportPort: number;
}
