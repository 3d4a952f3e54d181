/** Counts the requests of one stream that are not answered yet. */
export class OpenRequests {
  #count = 0;
  #waitCount = 0;
  #isOver = false;
  #onQuiet: (() => void) | undefined;

  get count(): number {
    return this.#count;
  }

  /** @param isWait whether the answer may come long after the work is done */
  begin(isWait: boolean): void {
    this.#count += 1;
    if (isWait) this.#waitCount += 1;
  }

  end(isWait: boolean): void {
    this.#count -= 1;
    if (isWait) this.#waitCount -= 1;
    if (this.#isQuiet) this.#onQuiet?.();
  }

  /** Nobody is there to be answered. */
  abandon(): void {
    this.#isOver = true;
    this.#onQuiet?.();
  }

  /** Resolves when all that are open are waits. */
  quiet(): Promise<void> {
    if (this.#isQuiet) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
    });
  }

  get #isQuiet(): boolean {
    return this.#isOver || this.#count === this.#waitCount;
  }
}
