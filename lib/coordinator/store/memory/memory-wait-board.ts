import type { PostedWait, WaitBoard, WaitPosting } from '../session-store.interface.js';

/** Waits that the coordinators of this process show each other. */
export class MemoryWaitBoard implements WaitBoard {
  readonly #postings = new Map<string, WaitPosting>();

  exchange(posting: WaitPosting): Promise<readonly PostedWait[]> {
    const { node, nowMs, waits } = posting;
    this.#postings.delete(node);
    for (const [other, { untilMs }] of this.#postings) {
      if (untilMs <= nowMs) this.#postings.delete(other);
    }
    const others = [...this.#postings.values()].flatMap((posted) => posted.waits);
    if (waits.length > 0) this.#postings.set(node, posting);
    return Promise.resolve(others);
  }
}
