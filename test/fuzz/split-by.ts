/** One statement of a file, and where it begins. */
export interface FileStatement {
  readonly text: string;
  readonly line: number;
}

/** How an engine tells where a statement ends. */
export interface Grammar {
  /** What is passed over whole, the semicolon, and the words of bodies. */
  readonly token: RegExp;
  /** How much spaces and comments stand in front of a statement. */
  readonly leadOf: (text: string) => number;
  /** Whether the word begins a body, in which semicolons end nothing. */
  readonly opensBody: (word: string, statement: string) => boolean;
  /** The end of what only begins with the token, if it is such a one. */
  readonly endOf?: (sql: string, token: RegExpExecArray) => number | undefined;
}

/** Cuts a file at its semicolons. */
export function splitBy(grammar: Grammar, sql: string): readonly FileStatement[] {
  const statements: FileStatement[] = [];
  const token = new RegExp(grammar.token);
  let start = 0;
  let depth = 0;
  const cut = (end: number): void => {
    const text = sql.slice(start, end);
    const lead = grammar.leadOf(text);
    const line = sql.slice(0, start + lead).split('\n').length;
    if (text.length > lead) statements.push({ text: text.slice(lead), line });
    start = end + 1;
    depth = 0;
  };
  for (let match = token.exec(sql); match !== null; match = token.exec(sql)) {
    const word = match[0].toUpperCase();
    if (word === ';' && depth === 0) cut(match.index);
    token.lastIndex = grammar.endOf?.(sql, match) ?? token.lastIndex;
    const text = sql.slice(start, match.index);
    if (grammar.opensBody(word, text.slice(grammar.leadOf(text)))) depth = 1;
    if (depth > 0 && word === 'CASE') depth += 1;
    if (depth > 0 && word === 'END') depth -= 1;
  }
  cut(sql.length);
  return statements;
}
