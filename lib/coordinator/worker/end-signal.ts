/** What may end a wait early. Every AbortSignal is one. */
export interface Ending {
  readonly aborted: boolean;
  addEventListener(event: 'abort', listener: () => void): void;
  removeEventListener(event: 'abort', listener: () => void): void;
}

/**
 * Ends waits, as an AbortController does. Whoever waits for a row that many want needs one each
 * time, and Node's own costs about as much as all the rest of the wait.
 */
export class EndSignal implements Ending {
  readonly #listeners = new Set<() => void>();
  #isAborted = false;

  get aborted(): boolean {
    return this.#isAborted;
  }

  addEventListener(_event: 'abort', listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_event: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Safe to repeat. */
  abort(): void {
    this.#isAborted = true;
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
