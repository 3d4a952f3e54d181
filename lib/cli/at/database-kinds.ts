import { placeOfUrl } from '../../coordinator/store/index.js';
import type { AtEngine } from '../../resource/at/index.js';
import { visitPostgres } from '../../resource/driver/pg/visit/index.js';

/** What was typed about the database. */
export interface DatabaseOptions {
  readonly url: string;
  /** What messages call it: no user, no password. */
  readonly place: string;
  readonly schemas: readonly string[] | undefined;
  readonly guard: boolean;
}

/** A database that a command works on. */
export interface OpenDatabase {
  readonly engine: AtEngine;
  close(): Promise<void>;
}

/** One kind of database in which AT works, to programs. */
export interface DatabaseKind {
  readonly name: string;
  /** Of its URLs, without the colon. */
  readonly schemes: readonly string[];
  /** @throws InvalidOptionError for a URL that cannot be read; neither shows its password */
  placeOf(url: string, option: string): string;
  open(options: DatabaseOptions): Promise<OpenDatabase>;
  /** Statements as something that the program of the database runs. */
  script(statements: readonly string[]): string;
}

const POSTGRES: DatabaseKind = {
  name: 'PostgreSQL',
  schemes: ['postgres', 'postgresql'],
  placeOf: (url, option) => placeOfUrl(url, 'postgres', option),
  open: visitPostgres,
  // As a whole: between a trigger that goes and the one that comes, nothing would be captured.
  script: (statements) =>
    [
      '-- For psql, by the role that owns the tables; it can be repeated.',
      '\\set ON_ERROR_STOP on',
      'BEGIN;',
      "SET LOCAL lock_timeout = '10s';",
      ...statements.map((statement) => `${statement.trim().replace(/;$/, '')};`),
      'COMMIT;',
      '',
    ].join('\n'),
};

/** Everything that is different from one kind of database to the next is in its row. */
export const DATABASE_KINDS: readonly DatabaseKind[] = [POSTGRES];
