import type { FileStatement } from '../split-statements.js';

/** Comments, strings and quoted names are passed over whole. */
const TOKEN = new RegExp(
  [
    String.raw`--[^\n]*`,
    String.raw`\/\*[\s\S]*?(?:\*\/|$)`,
    `'(?:[^']|'')*'`,
    `"(?:[^"]|"")*"`,
    '`(?:[^`]|``)*`',
    String.raw`\[[^\]]*\]`,
    ';',
    String.raw`\b(?:BEGIN|CASE|END)\b`,
  ].join('|'),
  'gi',
);

const LEAD = /^(?:\s+|--[^\n]*\n?|\/\*[\s\S]*?(?:\*\/|$))*/;

/** Only their bodies have semicolons inside. */
const TRIGGER = /^CREATE\s+(?:TEMP\w*\s+)?TRIGGER\b/i;

/** Cuts a file of SQLite at its semicolons. */
export function splitStatements(sql: string): readonly FileStatement[] {
  const statements: FileStatement[] = [];
  const token = new RegExp(TOKEN);
  let start = 0;
  let depth = 0;
  const leadOf = (text: string): number => LEAD.exec(text)?.[0].length ?? 0;
  const cut = (end: number): void => {
    const text = sql.slice(start, end);
    const lead = leadOf(text);
    const line = sql.slice(0, start + lead).split('\n').length;
    if (text.length > lead) statements.push({ text: text.slice(lead), line });
    start = end + 1;
    depth = 0;
  };
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    const word = match[0].toUpperCase();
    if (word === ';' && depth === 0) cut(match.index);
    const text = sql.slice(start, match.index);
    if (word === 'BEGIN' && TRIGGER.test(text.slice(leadOf(text)))) depth = 1;
    if (depth > 0 && word === 'CASE') depth += 1;
    if (depth > 0 && word === 'END') depth -= 1;
  }
  cut(sql.length);
  return statements;
}
