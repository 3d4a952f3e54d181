import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const END_MS_MAX = 5_000;

/** A pool whose connection nobody gives back never ends, and is not worth the result of a run. */
export async function soon(work: Promise<unknown> | undefined): Promise<void> {
  await Promise.race([work, sleep(END_MS_MAX)]);
}

/** What has to be ended, the last one first. */
export class Closers {
  readonly #closers: (() => Promise<unknown>)[] = [];

  add(closer: () => Promise<unknown>): void {
    this.#closers.push(closer);
  }

  readonly close = async (): Promise<void> => {
    while (this.#closers.length > 0) await soon(this.#closers.pop()?.());
  };
}

/** Opens something in a folder of its own. What was opened is closed again when that fails. */
export async function openInFolder<T>(
  open: (folder: string, closers: Closers) => Promise<T>,
): Promise<T> {
  const closers = new Closers();
  const folder = await mkdtemp(join(tmpdir(), 'dtx-fuzz-'));
  closers.add(() => rm(folder, { recursive: true, force: true }));
  try {
    return await open(folder, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}
