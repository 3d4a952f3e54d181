import type { FileStatement } from '../split-by.js';

/** Comments, strings and quoted names are passed over whole. */
const PASSED_OVER = [
  String.raw`--(?=\s)[^\n]*`,
  String.raw`#[^\n]*`,
  String.raw`\/\*[\s\S]*?\*\/`,
  String.raw`'(?:[^'\\]|\\[\s\S]|'')*'`,
  String.raw`"(?:[^"\\]|\\[\s\S]|"")*"`,
  '`(?:[^`]|``)*`',
];

/** What the client understands by itself: from here on statements end with something else. */
const DELIMITER = /^[ \t]*delimiter[ \t]+(\S+)[^\n]*$/i;

/** What stands before a statement and says nothing: `/*!` is a part of one. */
const LEAD = /^(?:\s+|--(?=\s)[^\n]*\n?|#[^\n]*\n?|\/\*(?![!M])[\s\S]*?\*\/)*/;

/** Cuts a file of MariaDB at its delimiters. */
export function splitStatements(sql: string): readonly FileStatement[] {
  const statements: FileStatement[] = [];
  let token = tokenOf(';');
  let start = 0;
  const cut = (end: number): void => {
    const text = sql.slice(start, end);
    const lead = LEAD.exec(text)?.[0].length ?? 0;
    const line = sql.slice(0, start + lead).split('\n').length;
    if (text.length > lead) statements.push({ text: text.slice(lead), line });
  };
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    const { end, delimiter } = match.groups ?? {};
    if (end !== undefined) {
      cut(match.index);
      start = token.lastIndex;
    }
    const next = delimiter && DELIMITER.exec(delimiter)?.[1];
    if (next === undefined || next === '') continue;
    cut(match.index);
    start = token.lastIndex;
    token = tokenOf(next, start);
  }
  cut(sql.length);
  return statements;
}

function tokenOf(delimiter: string, from = 0): RegExp {
  const end = delimiter.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
  const words = [
    String.raw`(?<delimiter>^[ \t]*delimiter[ \t]+\S+[^\n]*$)`,
    ...PASSED_OVER,
    `(?<end>${end})`,
  ];
  const token = new RegExp(words.join('|'), 'gim');
  token.lastIndex = from;
  return token;
}
