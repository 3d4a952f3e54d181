import { InvalidOptionError } from '../../protocol/index.js';

/** The kinds of database that a coordinator can use. */
export type DatabaseKind = 'postgres' | 'mysql';

/** The kind that each scheme of a URL means. */
const DATABASE_SCHEMES: Readonly<Record<string, DatabaseKind>> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mysql',
};

/** One letter is a drive. A scheme that is known counts as one without its slashes too. */
const SCHEME = /^\s*([a-z][a-z0-9+.-]+):(\/\/)?/i;

/**
 * The kind of database that a store location names; undefined for the path of a file.
 *
 * @throws InvalidOptionError for the URL of anything else: as the path of a file it would put its
 *   password into a name on the disk. The message shows the scheme and nothing more.
 */
export function databaseKindOf(
  location: string,
  option = 'coordinator.store',
): DatabaseKind | undefined {
  const [found, given = '', slashes] = SCHEME.exec(location) ?? [];
  const kind = kindNamed(given.toLowerCase());
  if (kind === undefined && slashes === undefined) return undefined;
  // Space in front of a URL is no part of it, and drivers would trip over it.
  if (kind !== undefined && found === `${given}://`) return kind;
  throw new InvalidOptionError({
    option,
    value: `${given}:${slashes ?? ''}…`,
    fix:
      `The URL of a database begins with postgres://, postgresql://, mysql:// or mariadb://; ` +
      `anything else is the path of a file.`,
  });
}

/** The kind of database of a TypeORM data source, by its `type`; undefined for all others. */
export function databaseKindOfSource({
  options,
}: {
  readonly options: { readonly type: string };
}): DatabaseKind | undefined {
  return kindNamed(options.type);
}

function kindNamed(name: string): DatabaseKind | undefined {
  return Object.hasOwn(DATABASE_SCHEMES, name) ? DATABASE_SCHEMES[name] : undefined;
}

/**
 * What messages call the database of a URL: without user, password and parameters.
 *
 * @throws InvalidOptionError when that cannot be told for sure. Neither the message nor a cause
 *   shows any of it: what passes for the host may be part of a password.
 */
export function placeOfUrl(url: string, scheme: DatabaseKind, option?: string): string {
  const parsed = parsedUrl(url);
  // A password with "/", "?" or "#" in it ends the host early, and its "@" lies behind that.
  if (parsed === undefined || /@/.test(parsed.pathname + parsed.search + parsed.hash)) {
    throw unreadableUrl(scheme, option);
  }
  const { host, pathname } = parsed;
  return `${scheme}://${host === NO_HOST ? '' : host}${pathname}`;
}

/** The refusal of a URL that shows nothing of it. */
export function unreadableUrl(scheme: string, option = 'coordinator.store'): InvalidOptionError {
  return new InvalidOptionError({
    option,
    value: `${scheme}://…`,
    fix:
      `It cannot be read as a URL: encode what is special in its user and password ` +
      `(encodeURIComponent), such as "/" as %2F, "#" as %23 and "@" as %40, and "@" also in its ` +
      `parameters.`,
  });
}

/** pg takes a URL with a user and no host, which names a socket in its parameters. */
const NO_HOST = 'no-host.invalid';

function parsedUrl(url: string): URL | undefined {
  for (const text of [url, url.replace('@/', `@${NO_HOST}/`)]) {
    if (URL.canParse(text)) return new URL(text);
  }
  return undefined;
}
