import type { DatabaseKind } from '../coordinator/store/index.js';
import { databaseKindOf, databaseKindOfSource } from '../coordinator/store/index.js';
import { openMysqlDatabase, MYSQL_SCHEMA } from '../coordinator/store/mysql/index.js';
import { openPostgresDatabase, POSTGRES_SCHEMA } from '../coordinator/store/postgres/index.js';
import type { SqlDatabase, SqlDatabaseOptions, SqlSchema } from '../coordinator/store/sql/index.js';
import { migrate, missingVersions } from '../coordinator/store/sql/index.js';
import type { CliHost } from './command.interface.js';
import { loadDataSource } from './load-data-source.js';
import type { SchemaText } from './schema-text.js';
import { SCHEMA_TEXTS } from './schema-text.js';
import { secretsOf } from './secrets.js';
import { withVariables } from './store-option.js';

/** A database to migrate. */
export interface Target {
  readonly text: SchemaText;
  /** What no message may show. */
  readonly secrets: readonly string[];
  open(timeoutMs: number): Promise<SqlDatabase>;
  missing(database: SqlDatabase): Promise<readonly number[]>;
  /** @returns the versions that were missing */
  migrate(database: SqlDatabase): Promise<readonly number[]>;
  close(): Promise<void>;
}

interface Engine {
  readonly schema: SqlSchema;
  readonly text: SchemaText;
  readonly open: (options: SqlDatabaseOptions) => Promise<SqlDatabase>;
}

const ENGINES: Readonly<Record<DatabaseKind, Engine>> = {
  postgres: {
    schema: POSTGRES_SCHEMA,
    text: SCHEMA_TEXTS.postgres,
    open: openPostgresDatabase,
  },
  mysql: { schema: MYSQL_SCHEMA, text: SCHEMA_TEXTS.mysql, open: openMysqlDatabase },
};

/**
 * @returns the target that was named, or what is wrong with it
 * @throws InvalidOptionError for the URL of something else
 */
export async function findTarget(
  values: Readonly<Record<string, unknown>>,
  env: CliHost['env'],
): Promise<Target | string> {
  const file = values['data-source'];
  if (typeof file === 'string') return sourceTarget(file);
  const given = values['url'] ?? env['DTX_STORE_URL'];
  if (typeof given !== 'string') return 'Name the database: --url, --data-source or DTX_STORE_URL.';
  const url = withVariables(given, env);
  const kind = databaseKindOf(url, values['url'] === undefined ? 'DTX_STORE_URL' : '--url');
  if (kind === undefined) return 'The URL begins with postgres://, mysql:// or mariadb://.';
  return targetOf(ENGINES[kind], { url }, secretsOf(url), () => Promise.resolve());
}

/** @throws Error that says why there is no data source in the file */
async function sourceTarget(file: string): Promise<Target | string> {
  const loaded = await loadDataSource(file);
  const { dataSource } = loaded;
  const kind = databaseKindOfSource(dataSource);
  const close = (): Promise<void> => loaded.close();
  if (kind !== undefined) return targetOf(ENGINES[kind], { dataSource }, [], close);
  await close();
  const { type } = dataSource.options;
  return `The data source of ${file} is for ${type}: postgres, mysql or mariadb can be migrated.`;
}

function targetOf(
  { open, schema, text }: Engine,
  place: SqlDatabaseOptions,
  secrets: readonly string[],
  close: () => Promise<void>,
): Target {
  return {
    text,
    secrets,
    open: (timeoutMs) => open({ ...place, timeoutMs }),
    missing: (database) => missingVersions(database, database.place, schema),
    migrate: (database) => migrate(database, schema),
    close,
  };
}
