import type { SqlDialect, SqlToken } from '../sql/index.js';

/** One word of a statement, and whether it stands directly before an opening parenthesis. */
export interface SqlWord {
  /** Upper case, or as written for a quoted identifier. */
  readonly text: string;
  readonly quoted: boolean;
  readonly called: boolean;
}

/**
 * Splits PostgreSQL text into statements and each into its words. Strings, numbers, operators and
 * comments are passed over; nothing is interpreted. Quotes are read as the server reads them under
 * `standard_conforming_strings = on`, its default since 9.1.
 */
export function scanStatements(sql: string): readonly (readonly SqlWord[])[] {
  const statements: SqlWord[][] = [];
  let words: SqlWord[] = [];
  let position = 0;
  while (position < sql.length) {
    const lexeme = nextLexeme(sql, position);
    if (lexeme.kind === 'separator') {
      if (words.length > 0) statements.push(words);
      words = [];
    }
    if (lexeme.kind === 'word' || lexeme.kind === 'quoted') {
      words.push(wordOf(sql, position, lexeme));
    }
    position = lexeme.end;
  }
  if (words.length > 0) statements.push(words);
  return statements;
}

/** Everything but space and comments, with its place. */
function scanTokens(sql: string): readonly SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let start = 0; start < sql.length;) {
    const { end, kind } = nextLexeme(sql, start);
    const text = sql.slice(start, end);
    if (kind === 'word' || kind === 'quoted') tokens.push({ kind, text, start, end });
    else if (end === start + 1 && /\S/.test(text)) tokens.push({ kind: 'mark', text, start, end });
    else if (!/^(\s|--|\/\*)/.test(text)) tokens.push({ kind: 'value', text, start, end });
    start = end;
  }
  return tokens;
}

/** PostgreSQL, as far as statements are taken apart here. */
export const POSTGRES_DIALECT: SqlDialect = {
  scan: scanTokens,
  nameOf: ({ kind, text }) =>
    kind === 'quoted' ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase(),
};

interface Lexeme {
  readonly kind: 'skip' | 'word' | 'quoted' | 'separator';
  readonly end: number;
}

const SPACE = /\s+/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const NUMBER = /\d[\w.]*/y;
const CALL = /\s*\(/y;
const COMMENT_EDGE = /\/\*|\*\//g;

function nextLexeme(sql: string, at: number): Lexeme {
  const char = sql.charAt(at);
  if (char === "'") return { kind: 'skip', end: quoteEnd(sql, at, "'", false) };
  if (char === '"') return { kind: 'quoted', end: quoteEnd(sql, at, '"', false) };
  if (char === ';') return { kind: 'separator', end: at + 1 };
  if (sql.startsWith('--', at)) return { kind: 'skip', end: indexAfter(sql, '\n', at) };
  if (sql.startsWith('/*', at)) return { kind: 'skip', end: blockCommentEnd(sql, at) };
  if (/e/i.test(char) && sql.charAt(at + 1) === "'") {
    return { kind: 'skip', end: quoteEnd(sql, at + 1, "'", true) };
  }
  const tag = match(DOLLAR_TAG, sql, at);
  if (tag !== undefined) return { kind: 'skip', end: indexAfter(sql, tag, at + tag.length) };
  const word = match(WORD, sql, at);
  if (word !== undefined) return { kind: 'word', end: at + word.length };
  const plain = match(SPACE, sql, at) ?? match(NUMBER, sql, at) ?? char;
  return { kind: 'skip', end: at + plain.length };
}

function wordOf(sql: string, start: number, lexeme: Lexeme): SqlWord {
  const text = sql.slice(start, lexeme.end);
  const quoted = lexeme.kind === 'quoted';
  const called = match(CALL, sql, lexeme.end) !== undefined;
  return { text: quoted ? text : text.toUpperCase(), quoted, called };
}

function match(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

/** Where the text goes on behind the next `needle`; its end, if there is none. */
function indexAfter(sql: string, needle: string, from: number): number {
  const found = sql.indexOf(needle, from);
  return found === -1 ? sql.length : found + needle.length;
}

/** A doubled quote stands for itself; a backslash escapes only in E'…'. */
function quoteEnd(sql: string, start: number, quote: string, escapes: boolean): number {
  let at = start + 1;
  while (at < sql.length) {
    if (escapes && sql.charAt(at) === '\\') {
      at += 2;
    } else if (sql.charAt(at) !== quote) {
      at += 1;
    } else if (sql.charAt(at + 1) === quote) {
      at += 2;
    } else {
      return at + 1;
    }
  }
  return sql.length;
}

/** Block comments nest in PostgreSQL. */
function blockCommentEnd(sql: string, start: number): number {
  let depth = 0;
  COMMENT_EDGE.lastIndex = start;
  for (;;) {
    const edge = COMMENT_EDGE.exec(sql);
    if (edge === null) return sql.length;
    depth += edge[0] === '/*' ? 1 : -1;
    if (depth === 0) return edge.index + 2;
  }
}
