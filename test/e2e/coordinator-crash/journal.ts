import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What happens in a run, in the order in which it happened. */
export type Entry =
  /** The client has made the xid, and nobody else knows it yet. */
  | { readonly kind: 'named'; readonly xid: string }
  /** The client is about to ask for it. */
  | { readonly kind: 'asked'; readonly xid: string; readonly what: 'commit' | 'rollback' }
  /** The client was answered. */
  | { readonly kind: 'told'; readonly xid: string; readonly what: string }
  /** The local work of a branch was committed. */
  | { readonly kind: 'worked'; readonly xid: string; readonly branchId: string }
  /** Phase two of a branch has taken effect. */
  | {
      readonly kind: 'finished';
      readonly xid: string;
      readonly branchId: string;
      readonly direction: 'commit' | 'rollback';
    };

/** Survives the process that writes it: what was appended is in the hands of the system. */
export class Journal {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(folder, 'journal');
  }

  add(entry: Entry): void {
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  read(): Entry[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as Entry);
  }
}
