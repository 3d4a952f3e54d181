import type { DatabaseKind } from '../coordinator/store/index.js';
import { MYSQL_SCHEMA } from '../coordinator/store/mysql/index.js';
import { POSTGRES_SCHEMA } from '../coordinator/store/postgres/index.js';
import { MIGRATIONS } from '../coordinator/store/sqlite/migrations/index.js';

/** The tables of one engine as SQL for a person or another tool. */
export interface SchemaText {
  readonly title: string;
  /** The statements of each migration, from version 1 on. */
  readonly migrations: readonly (readonly string[])[];
  /** Round each migration, where tables are part of a transaction. */
  readonly begin?: string;
  readonly commit?: string;
}

const TRANSACTION = { begin: 'BEGIN;\n', commit: 'COMMIT;\n' } as const;

export const SCHEMA_TEXTS: Readonly<Record<DatabaseKind | 'sqlite', SchemaText>> = {
  postgres: {
    title: 'PostgreSQL',
    migrations: POSTGRES_SCHEMA.migrations,
    ...TRANSACTION,
  },
  mysql: { title: 'MySQL and MariaDB', migrations: MYSQL_SCHEMA.migrations },
  sqlite: {
    title: 'SQLite (a file does this by itself whenever it is opened)',
    migrations: MIGRATIONS.map((migration) => [migration]),
    ...TRANSACTION,
  },
};

/** @param versions @default all of them */
export function printSchema(
  text: SchemaText,
  versions: readonly number[] = text.migrations.map((_, index) => index + 1),
): string {
  if (versions.length === 0) {
    return `-- ${text.title}: nothing is missing, version ${String(text.migrations.length)}\n`;
  }
  return versions.map((version) => printVersion(text, version)).join('\n');
}

function printVersion(
  { begin = '', commit = '', migrations, title }: SchemaText,
  version: number,
): string {
  const statements = (migrations[version - 1] ?? []).map(terminated);
  const heading = `-- nestjs-dtx coordinator, ${title}: version ${String(version)}\n`;
  return `${heading}${begin}${statements.join('')}${commit}`;
}

const terminated = (statement: string): string => `${statement.trim().replace(/;$/, '')};\n`;
