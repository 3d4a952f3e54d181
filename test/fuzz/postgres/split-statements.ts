import type { FileStatement, Grammar } from '../split-by.js';
import { splitBy } from '../split-by.js';

/** Comments, strings, quoted names and dollar quotes are passed over whole. */
const TOKEN = new RegExp(
  [
    String.raw`--[^\n]*`,
    String.raw`\/\*`,
    String.raw`[eE]'(?:[^'\\]|\\.|'')*'`,
    `'(?:[^']|'')*'`,
    `"(?:[^"]|"")*"`,
    String.raw`\$([A-Za-z_]\w*)?\$`,
    ';',
    String.raw`\bBEGIN\s+ATOMIC\b`,
    String.raw`\bCASE\b`,
    String.raw`\bEND\b`,
  ].join('|'),
  'gi',
);

/** Cuts a file of PostgreSQL at its semicolons. */
export const splitStatements = (sql: string): readonly FileStatement[] => splitBy(GRAMMAR, sql);

/** Spaces and comments in front of a statement. */
function leadLength(text: string): number {
  for (let end = 0; ;) {
    const next = end + (/^(?:\s+|--[^\n]*\n?)*/.exec(text.slice(end))?.[0].length ?? 0);
    if (!text.startsWith('/*', next)) return next;
    end = endOfComment(text, next);
  }
}

/** They may stand inside each other. */
function endOfComment(sql: string, from: number): number {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = from;
  let depth = 0;
  for (let match = mark.exec(sql); match !== null; match = mark.exec(sql)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return sql.length;
}

const GRAMMAR: Grammar = {
  token: TOKEN,
  leadOf: leadLength,
  opensBody: (word) => word.startsWith('BEGIN'),
  endOf(sql, { 0: word, index }) {
    if (word === '/*') return endOfComment(sql, index);
    if (!word.startsWith('$')) return undefined;
    const end = sql.indexOf(word, index + word.length);
    return end < 0 ? sql.length : end + word.length;
  },
};
