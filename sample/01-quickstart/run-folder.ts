import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Outcome } from './outcome.js';

/** Which orders a run is about. */
export interface RunInput {
  readonly file: string;
  readonly sha256: string;
}

/** The folder of a run: what has to outlive a `kill -9`, beside the databases themselves. */
export class RunFolder {
  readonly postgres: string;
  readonly coordinatorStore: string;
  readonly #input: string;
  readonly #outcomes: string;

  constructor(readonly path: string) {
    this.postgres = join(path, 'postgres');
    this.coordinatorStore = join(path, 'coordinator.db');
    this.#input = join(path, 'run.json');
    this.#outcomes = join(path, 'outcomes.jsonl');
  }

  /** @returns what the run that can be resumed is about, if there is one */
  async findInput(): Promise<RunInput | undefined> {
    const text = await readFile(this.#input, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as RunInput);
  }

  /** Forgets an earlier run. From here until `begin` there is nothing to resume. */
  async clear(): Promise<void> {
    await mkdir(this.path, { recursive: true });
    // First of all: a run that is killed in here must not be resumed with half of its files.
    await rm(this.#input, { force: true });
    await rm(this.#outcomes, { force: true });
    for (const name of await readdir(this.path)) {
      if (name.startsWith('coordinator.db')) await rm(join(this.path, name));
    }
  }

  /** From now on the run can be resumed. */
  async begin(input: RunInput): Promise<void> {
    // Renamed into place, so that nobody ever reads half of it.
    await writeFile(`${this.#input}.new`, JSON.stringify(input));
    await rename(`${this.#input}.new`, this.#input);
  }

  /** Notes what the order service has answered. */
  async record(order: string, outcome: Outcome): Promise<void> {
    // A line begins with its line break: what a killed run wrote half stays a line of its own.
    await appendFile(this.#outcomes, `\n${JSON.stringify([order, outcome])}`);
  }

  /** @returns the recorded outcomes by order */
  async readOutcomes(): Promise<Map<string, Outcome>> {
    const text = await readFile(this.#outcomes, 'utf8').catch(() => '');
    const whole = text.split('\n').filter((line) => line.endsWith(']'));
    return new Map(whole.map((line) => JSON.parse(line) as [string, Outcome]));
  }
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
