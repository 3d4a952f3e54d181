import { XaUnavailableError } from '../../../protocol/index.js';

/** From here on a prepared branch outlives its connection and the server, in its log as well. */
const MARIADB_MIN = [10, 5, 0] as const;
const MYSQL_MIN = [8, 0, 29] as const;

/** What kind of server it is. */
export type ServerKind = 'mariadb' | 'mysql';

/**
 * @param version what `SELECT VERSION()` says
 * @throws XaUnavailableError older servers lose prepared branches at a restart
 */
export function assertServer(resourceId: string, version: string): ServerKind {
  const kind: ServerKind = /mariadb/i.test(version) ? 'mariadb' : 'mysql';
  // Some proxies and replicas put "5.5.5-" in front, for clients from before MariaDB 10.
  const numbers = /(\d+)\.(\d+)\.(\d+)/.exec(version.replace(/^5\.5\.5-/, '')) ?? [];
  const [major = 0, minor = 0, patch = 0] = numbers.slice(1).map(Number);
  const min = kind === 'mariadb' ? MARIADB_MIN : MYSQL_MIN;
  const found = [major, minor, patch];
  const differs = min.findIndex((number, index) => number !== found[index]);
  const isOld = differs !== -1 && (found[differs] ?? 0) < (min[differs] ?? 0);
  if (!isOld) return kind;
  throw new XaUnavailableError(
    resourceId,
    `the server is ${version}, and may forget prepared branches, or keep them out of its binary ` +
      `log. Use MariaDB 10.5 or MySQL 8.0.29, or later, or use AT.`,
  );
}
