import { openMysqlDatabase, MYSQL_SCHEMA } from '../coordinator/store/mysql/index.js';
import { openPostgresDatabase, POSTGRES_SCHEMA } from '../coordinator/store/postgres/index.js';
import type { DataSourceLike, SqlDatabase, SqlSchema } from '../coordinator/store/sql/index.js';
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

type Place = { readonly url: string } | { readonly dataSource: DataSourceLike };

interface Engine {
  readonly schema: SqlSchema;
  readonly text: string;
  readonly open: (options: Place & { readonly timeoutMs: number }) => Promise<SqlDatabase>;
}

const POSTGRES: Engine = { schema: POSTGRES_SCHEMA, text: 'postgres', open: openPostgresDatabase };
const MYSQL: Engine = { schema: MYSQL_SCHEMA, text: 'mysql', open: openMysqlDatabase };

/** By the scheme of a URL, and by the type of a data source. */
const ENGINES: Readonly<Record<string, Engine>> = {
  postgres: POSTGRES,
  postgresql: POSTGRES,
  mysql: MYSQL,
  mariadb: MYSQL,
};

/** @returns the target that was named, or what is wrong with it */
export async function findTarget(
  values: Readonly<Record<string, unknown>>,
  env: CliHost['env'],
): Promise<Target | string> {
  const file = values['data-source'];
  if (typeof file === 'string') return sourceTarget(file);
  const given = values['url'] ?? env['DTX_STORE_URL'];
  if (typeof given !== 'string') return 'Name the database: --url, --data-source or DTX_STORE_URL.';
  const url = withVariables(given, env);
  const engine = engineOf(/^([a-z]+):\/\//i.exec(url)?.[1] ?? '');
  if (engine === undefined) return 'The URL begins with postgres://, mysql:// or mariadb://.';
  return targetOf(engine, { url }, secretsOf(url), () => Promise.resolve());
}

/** @throws Error that says why there is no data source in the file */
async function sourceTarget(file: string): Promise<Target | string> {
  const loaded = await loadDataSource(file);
  const { type } = loaded.dataSource.options;
  const engine = engineOf(type);
  const close = (): Promise<void> => loaded.close();
  if (engine !== undefined) return targetOf(engine, { dataSource: loaded.dataSource }, [], close);
  await close();
  return `The data source of ${file} is for ${type}: postgres, mysql or mariadb can be migrated.`;
}

function engineOf(name: string): Engine | undefined {
  const key = name.toLowerCase();
  return Object.hasOwn(ENGINES, key) ? ENGINES[key] : undefined;
}

function targetOf(
  { open, schema, text }: Engine,
  place: Place,
  secrets: readonly string[],
  close: () => Promise<void>,
): Target {
  return {
    text: SCHEMA_TEXTS[text] as SchemaText,
    secrets,
    open: (timeoutMs) => open({ ...place, timeoutMs }),
    missing: (database) => missingVersions(database, database.place, schema),
    migrate: (database) => migrate(database, schema),
    close,
  };
}
