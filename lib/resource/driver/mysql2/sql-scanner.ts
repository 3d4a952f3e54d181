/** One word of a statement, and how it stands. */
export interface SqlWord {
  /** Upper case; a quoted identifier as it is written; a variable with its `@`, without quotes. */
  readonly text: string;
  readonly quoted: boolean;
  /** Directly behind a dot: the name of a column, or of something in a schema. */
  readonly qualified: boolean;
  /** Before an opening parenthesis: `touching`, or with white space between. */
  readonly called: 'touching' | 'apart' | undefined;
  /** Inside an executable comment: not every server runs it. */
  readonly gated: boolean;
}

/** A text, taken apart. */
export interface SqlScan {
  readonly statements: readonly (readonly SqlWord[])[];
  /** A string with a backslash in it: where it ends depends on the session's `sql_mode`. */
  readonly hasBackslash: boolean;
  /** An executable comment that separates statements, or does not end. */
  readonly isGateUnsound: boolean;
}

/**
 * Splits text of MySQL or MariaDB into statements and each into its words. Strings, numbers,
 * operators and comments are passed over; what executable comments contain is not.
 *
 * @param escapes whether a backslash escapes, as it does unless NO_BACKSLASH_ESCAPES is set
 */
export function scanStatements(sql: string, escapes = true): SqlScan {
  const statements: SqlWord[][] = [];
  let words: SqlWord[] = [];
  let hasBackslash = false;
  let isGateUnsound = false;
  let gated = false;
  let position = 0;
  while (position < sql.length) {
    const lexeme = nextLexeme(sql, position, { escapes, gated });
    hasBackslash ||= lexeme.hasBackslash === true;
    if (lexeme.kind === 'word' || lexeme.kind === 'quoted') {
      words.push(wordOf(sql, position, lexeme, gated));
    } else if (lexeme.kind === 'separator') {
      isGateUnsound ||= gated;
      if (words.length > 0) statements.push(words);
      words = [];
    } else if (lexeme.kind === 'gate') {
      gated = !gated;
    }
    position = lexeme.end;
  }
  if (words.length > 0) statements.push(words);
  return { statements, hasBackslash, isGateUnsound: isGateUnsound || gated };
}

/** What stands at a place of a text. */
export interface Lexeme {
  readonly kind: 'skip' | 'word' | 'quoted' | 'separator' | 'gate';
  readonly end: number;
  readonly hasBackslash?: boolean;
}

const SPACE = /\s+/y;
const WORD = /[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*/y;
const VARIABLE = /@@?(?:[\w.$\u0080-\uffff]+|`[^`]*`|'[^']*'|"[^"]*")/y;
const NUMBER = /\d[\w.]*/y;
const CALL = /\s*\(/y;
const GATE = /\/\*M?!\d*/y;

/** @param options.gated whether it stands inside an executable comment */
export function nextLexeme(
  sql: string,
  at: number,
  { escapes, gated }: { readonly escapes: boolean; readonly gated: boolean },
): Lexeme {
  const char = sql.charAt(at);
  if (char === "'" || char === '"') return stringAt(sql, at, char, escapes);
  if (char === '`') return { kind: 'quoted', end: quoteEnd(sql, at, char, false) };
  if (char === ';') return { kind: 'separator', end: at + 1 };
  const gate = match(GATE, sql, at);
  if (gate !== undefined && !gated) return { kind: 'gate', end: at + gate.length };
  if (gated && sql.startsWith('*/', at)) return { kind: 'gate', end: at + 2 };
  if (sql.startsWith('/*', at)) return { kind: 'skip', end: indexAfter(sql, '*/', at + 2) };
  if (isLineComment(sql, at)) {
    return { kind: 'skip', end: indexAfter(sql, '\n', at) };
  }
  const word = match(VARIABLE, sql, at) ?? match(WORD, sql, at);
  if (word !== undefined) return { kind: 'word', end: at + word.length };
  const plain = match(SPACE, sql, at) ?? match(NUMBER, sql, at) ?? char;
  return { kind: 'skip', end: at + plain.length };
}

/** Two dashes only with white space or a control character behind them: `1--1` is a difference. */
function isLineComment(sql: string, at: number): boolean {
  if (sql.charAt(at) === '#') return true;
  if (!sql.startsWith('--', at)) return false;
  const next = at + 2 < sql.length ? sql.charCodeAt(at + 2) : SPACE_CODE;
  return next <= SPACE_CODE || next === DELETE_CODE;
}

const SPACE_CODE = 0x20;
const DELETE_CODE = 0x7f;

/** A string; under ANSI_QUOTES "…" is an identifier, and can only then be called. */
function stringAt(sql: string, at: number, quote: string, escapes: boolean): Lexeme {
  const end = quoteEnd(sql, at, quote, escapes);
  const isCalled = quote === '"' && match(CALL, sql, end) !== undefined;
  const hasBackslash = sql.slice(at, end).includes('\\');
  return { kind: isCalled ? 'quoted' : 'skip', end, hasBackslash };
}

function wordOf(sql: string, start: number, lexeme: Lexeme, gated: boolean): SqlWord {
  const text = sql.slice(start, lexeme.end);
  const quoted = lexeme.kind === 'quoted';
  const call = match(CALL, sql, lexeme.end);
  return {
    text: quoted ? text : text.replace(/[`'"]/g, '').toUpperCase(),
    quoted,
    qualified: /\.\s*$/.test(sql.slice(Math.max(0, start - QUALIFIER_LENGTH_MAX), start)),
    called: call === undefined ? undefined : call === '(' ? 'touching' : 'apart',
    gated,
  };
}

/** A dot and some white space; more of it is nobody's style. */
const QUALIFIER_LENGTH_MAX = 8;

function match(pattern: RegExp, sql: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql)?.[0];
}

/** Where the text goes on behind the next `needle`; its end, if there is none. */
function indexAfter(sql: string, needle: string, from: number): number {
  const found = sql.indexOf(needle, from);
  return found === -1 ? sql.length : found + needle.length;
}

/** A doubled quote stands for itself. */
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
