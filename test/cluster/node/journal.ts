import { appendFileSync, existsSync, readFileSync } from 'node:fs';

import type { GlobalSummary } from '../../../lib/protocol/index.js';

/** Something that a client has been told and relies on. */
export type JournalEntry =
  /** The begin is durable. */
  | { readonly kind: 'begun'; readonly xid: string; readonly node: string }
  /** A call about the transaction was answered. */
  | {
      readonly kind: 'told';
      readonly xid: string;
      readonly node: string;
      readonly by: 'commit' | 'rollback';
      readonly status: GlobalSummary['status'];
    };

/** What clients were told, in a file that survives their process: a write is with the system. */
export class Journal {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  write(entry: JournalEntry): void {
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

/** The last line of a killed writer may be a part of one; one that was told nothing has no file. */
export function readJournal(file: string): JournalEntry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JournalEntry);
}
