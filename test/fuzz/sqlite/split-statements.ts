import type { FileStatement, Grammar } from '../split-by.js';
import { splitBy } from '../split-by.js';

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

const GRAMMAR: Grammar = {
  token: TOKEN,
  leadOf: (text) => LEAD.exec(text)?.[0].length ?? 0,
  opensBody: (word, statement) => word === 'BEGIN' && TRIGGER.test(statement),
};

/** Cuts a file of SQLite at its semicolons. */
export const splitStatements = (sql: string): readonly FileStatement[] => splitBy(GRAMMAR, sql);
