import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Outcome } from './outcome.js';

/** Which orders a run is about. */
export interface RunInput {
  readonly file: string;
  readonly sha256: string;
}

/** A run that was started before. */
export interface EarlierRun extends RunInput {
  /** Whether it came so far that it can be resumed. */
  readonly begun: boolean;
}

/** The folder of a run: what has to outlive a `kill -9`, beside the databases themselves. */
export class RunFolder {
  readonly postgres: string;
  readonly coordinatorStore: string;
  /** What processes of their own have printed. */
  readonly logs: string;
  readonly #announced: string;
  readonly #begun: string;
  readonly #outcomes: string;

  constructor(readonly path: string) {
    this.postgres = join(path, 'postgres');
    this.coordinatorStore = join(path, 'coordinator.db');
    this.logs = join(path, 'logs');
    this.#announced = join(path, 'run.announced.json');
    this.#begun = join(path, 'run.json');
    this.#outcomes = join(path, 'outcomes.jsonl');
  }

  /** @returns the last run that was started here, however far it came */
  async findEarlier(): Promise<EarlierRun | undefined> {
    const announced = await readInput(this.#announced);
    if (announced) return { ...announced, begun: false };
    const begun = await readInput(this.#begun);
    return begun && { ...begun, begun: true };
  }

  /**
   * Says that a new run is about to begin: killed before it does, this is the one to go on with.
   */
  async announce(input: RunInput): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await writeInput(this.#announced, input);
  }

  /** Forgets an earlier run. From here until `begin` there is nothing to resume. */
  async clear(): Promise<void> {
    // First of all: a run that is killed in here must not be resumed with half of its files.
    await rm(this.#begun, { force: true });
    await rm(this.#outcomes, { force: true });
    await rm(this.logs, { recursive: true, force: true });
    for (const name of await readdir(this.path)) {
      if (name.startsWith('coordinator.db')) await rm(join(this.path, name));
    }
  }

  /** From now on the run can be resumed. */
  async begin(input: RunInput): Promise<void> {
    await writeInput(this.#begun, input);
    await rm(this.#announced, { force: true });
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

async function readInput(file: string): Promise<RunInput | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as RunInput);
}

/** Renamed into place, so that nobody ever reads half of it. */
async function writeInput(file: string, { file: orders, sha256 }: RunInput): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify({ file: orders, sha256 }));
  await rename(`${file}.new`, file);
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
