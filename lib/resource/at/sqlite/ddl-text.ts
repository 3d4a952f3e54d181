const QUOTED = /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]/;
const COMMENT = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/;
const TOKEN = new RegExp(`${QUOTED.source}|${COMMENT.source}|[(),]|${WORD.source}`, 'g');

/** A statement that creates a table or an index: what its parentheses hold, and what follows. */
export interface Listing {
  /** Definitions of columns and constraints, or terms of an index. */
  readonly items: readonly string[];
  readonly rest: string;
}

/** Takes the statement apart at the commas of its outermost parentheses. */
export function listingOf(sql: string): Listing {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    if (token === '(') {
      depth += 1;
      if (depth === 1) start = index + 1;
    }
    const isEnd = token === ')' && depth === 1;
    if (isEnd || (token === ',' && depth === 1)) {
      items.push(sql.slice(start, index));
      start = index + 1;
    }
    if (isEnd) return { items, rest: sql.slice(start) };
    if (token === ')') depth -= 1;
  }
  return { items, rest: '' };
}

/** Where the word stands outside of all parentheses, and where it ends. */
export function findWord(sql: string, word: string): readonly [number, number] | undefined {
  let depth = 0;
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth === 0 && token.toUpperCase() === word) return [index, index + token.length];
  }
  return undefined;
}

/** Whatever may be a name in the text, lower case and without quotes. */
export function namesIn(sql: string): readonly string[] {
  return [...sql.matchAll(TOKEN)].flatMap(([token]) => nameOf(token) ?? []);
}

function nameOf(token: string): string | undefined {
  const [first = ''] = token;
  if (first === '[') return token.slice(1, -1).toLowerCase();
  // SQLite takes a text for a name where only a name can stand.
  if (`'"\``.includes(first)) {
    return token
      .slice(1, -1)
      .replaceAll(first + first, first)
      .toLowerCase();
  }
  return WORD.test(first) ? token.toLowerCase() : undefined;
}

/** SQL that can stand in parentheses: a comment at its end would take the closing one along. */
export const enclosable = (sql: string): string => (sql.includes('--') ? `${sql}\n` : sql);
