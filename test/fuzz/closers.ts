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
