import type { SqliteDatabase } from './sqlite-database.interface.js';

/** What the file says about itself. */
export type MetaKey = 'schema_version' | 'epoch' | 'owner_pid' | 'owner_started_at';

export function readMeta(database: SqliteDatabase, key: MetaKey): string | undefined {
  const [row] = database.prepare('SELECT value FROM meta WHERE key = ?').all(key);
  return row === undefined ? undefined : String(row['value']);
}

export function writeMeta(database: SqliteDatabase, key: MetaKey, value: string): void {
  database
    .prepare('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = ?')
    .run(key, value, value);
}
