import type { SqlDialect, SqlToken } from '../sql/index.js';
import { nextLexeme } from './sql-scanner.js';

/**
 * MySQL and MariaDB, as far as statements are taken apart here.
 *
 * @param escapes whether a backslash escapes, as it does unless NO_BACKSLASH_ESCAPES is set
 */
export function mysqlDialect(escapes: boolean): SqlDialect {
  return {
    scan: (sql) => scanTokens(sql, escapes),
    nameOf: ({ kind, text }) =>
      kind === 'quoted' ? text.slice(1, -1).replaceAll('``', '`') : text,
    joins: ['STRAIGHT_JOIN'],
    hints: ['USE', 'FORCE', 'IGNORE'],
    aggregates: AGGREGATES,
  };
}

/** Everything but space and comments, with its place; executable comments by their edges. */
function scanTokens(sql: string, escapes: boolean): readonly SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let start = 0; start < sql.length;) {
    const { end, kind: lexeme } = nextLexeme(sql, start, { escapes, gated: false });
    const text = sql.slice(start, end);
    const kind = kindOf(lexeme, text);
    if (kind !== undefined) tokens.push({ kind, text, start, end });
    start = end;
  }
  return tokens;
}

function kindOf(lexeme: string, text: string): SqlToken['kind'] | undefined {
  if (lexeme === 'quoted') return 'quoted';
  if (lexeme === 'gate') return 'mark';
  if (lexeme === 'word') return text.startsWith('@') ? 'value' : 'word';
  if (/^(?:\s|#|--\s|--$|\/\*)/.test(text)) return undefined;
  return text.length === 1 && !/\d/.test(text) ? 'mark' : 'value';
}

const AGGREGATES: ReadonlySet<string> = new Set([
  ...['ANY_VALUE', 'AVG', 'BIT_AND', 'BIT_OR', 'BIT_XOR', 'COUNT', 'GROUP_CONCAT', 'MAX', 'MIN'],
  ...['JSON_ARRAYAGG', 'JSON_OBJECTAGG', 'STD', 'STDDEV', 'STDDEV_POP', 'STDDEV_SAMP', 'SUM'],
  ...['MEDIAN', 'PERCENTILE_CONT', 'PERCENTILE_DISC', 'ST_COLLECT', 'VARIANCE', 'VAR_POP'],
  'VAR_SAMP',
]);
