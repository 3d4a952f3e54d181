import { createHash } from 'node:crypto';

const FLUSH_LENGTH = 16_384;

/**
 * Everything that happens in a run, one line each. What remains is the digest of all lines, so
 * that a run of a million events costs no memory and two runs can be compared.
 */
export class Trace {
  readonly #hash = createHash('sha256');
  readonly #print: ((line: string) => void) | undefined;
  #text = '';
  #lineCount = 0;

  /** @param print gets each line, where somebody wants to read them */
  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  get lineCount(): number {
    return this.#lineCount;
  }

  add(line: string): void {
    this.#lineCount += 1;
    this.#print?.(line);
    this.#text += `${line}\n`;
    if (this.#text.length >= FLUSH_LENGTH) this.#flush();
  }

  /** Ends the trace: 64 hexadecimal digits. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#text);
    this.#text = '';
  }
}
