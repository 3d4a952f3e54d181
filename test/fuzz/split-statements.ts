/** One statement of a file, and where it begins. */
export interface FileStatement {
  readonly text: string;
  readonly line: number;
}

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
export function splitStatements(sql: string): readonly FileStatement[] {
  const statements: FileStatement[] = [];
  const token = new RegExp(TOKEN);
  let start = 0;
  let depth = 0;
  const cut = (end: number): void => {
    const text = sql.slice(start, end);
    const lead = leadLength(text);
    const line = sql.slice(0, start + lead).split('\n').length;
    if (text.length > lead) statements.push({ text: text.slice(lead), line });
    start = end + 1;
    depth = 0;
  };
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    const word = match[0].toUpperCase();
    if (word === ';' && depth === 0) cut(match.index);
    if (word === '/*') token.lastIndex = endOfComment(sql, match.index);
    if (word.startsWith('$')) {
      const end = sql.indexOf(match[0], token.lastIndex);
      token.lastIndex = end < 0 ? sql.length : end + match[0].length;
    }
    if (word.startsWith('BEGIN')) depth = 1;
    if (depth > 0 && word === 'CASE') depth += 1;
    if (depth > 0 && word === 'END') depth -= 1;
  }
  cut(sql.length);
  return statements;
}

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
