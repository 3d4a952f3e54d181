import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { isAlive } from './is-alive.js';

/**
 * One folder per run, named after its process, since a run that was killed has left its server
 * running: the next one finds the folder and ends that server.
 */
export class ServerRuns {
  /** The folder of this run. */
  readonly own: string;
  readonly #runs: string;
  readonly #removeServer: (dataDir: string) => Promise<void>;

  constructor(runs: string, removeServer: (dataDir: string) => Promise<void>) {
    this.own = join(runs, String(process.pid));
    this.#runs = runs;
    this.#removeServer = removeServer;
  }

  /** Makes the folder of this run, and ends what dead runs have left. */
  async begin(): Promise<void> {
    const pids = await readdir(this.#runs).catch(() => []);
    const dead = pids.filter((name) => !isAlive(Number(name)));
    for (const pid of dead) await this.#remove(join(this.#runs, pid));
    // The folder itself marks the run, since the data may have to live elsewhere.
    await mkdir(this.own, { recursive: true });
  }

  async end(): Promise<void> {
    await this.#remove(this.own);
  }

  async #remove(run: string): Promise<void> {
    await this.#removeServer(run);
    await rm(run, { recursive: true, force: true });
  }
}
