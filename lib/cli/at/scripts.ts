/** As a whole: between a trigger that goes and the one that comes, nothing would be captured. */
export const postgresScript = (statements: readonly string[]): string =>
  [
    '-- For psql, by the role that owns the tables; it can be repeated.',
    '\\set ON_ERROR_STOP on',
    'BEGIN;',
    "SET LOCAL lock_timeout = '10s';",
    ...statements.map(ended),
    'COMMIT;',
    '',
  ].join('\n');

/**
 * There are semicolons in triggers, so statements end in something else. A trigger keeps the
 * character set of the session that makes it.
 */
export function mysqlScript(statements: readonly string[]): string {
  let end = '$$';
  while (statements.some((statement) => statement.includes(end))) end += '$';
  return [
    '-- For the client mariadb or mysql, by a user who may create triggers; it can be repeated.',
    'SET NAMES utf8mb4;',
    'SET SESSION lock_wait_timeout = 10;',
    `DELIMITER ${end}`,
    ...statements.map((statement) => `${statement.trim()}\n${end}`),
    'DELIMITER ;',
    '',
  ].join('\n');
}

export const sqliteScript = (statements: readonly string[]): string =>
  [
    '-- For sqlite3, which waits for transactions of the application.',
    '.bail on',
    '.timeout 5000',
    'BEGIN IMMEDIATE;',
    ...statements.map(ended),
    'COMMIT;',
    '',
  ].join('\n');

const ended = (statement: string): string => `${statement.trim().replace(/;$/, '')};`;
