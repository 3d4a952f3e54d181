/** A piece of a statement that is neither space nor comment, and where it stands. */
export interface SqlToken {
  /** A word, a quoted identifier, one other character, or a value that is written out. */
  readonly kind: 'word' | 'quoted' | 'mark' | 'value';
  /** As written. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What is different from one kind of database to the next. */
export interface SqlDialect {
  readonly scan: (sql: string) => readonly SqlToken[];
  /** The name that an identifier stands for, so that two spellings of one name are equal. */
  readonly nameOf: (identifier: SqlToken) => string;
  /** Words of a join beside JOIN. */
  readonly joins?: readonly string[];
  /** What may stand behind a table, and is no alias of it, beside the kinds of a join. */
  readonly hints?: readonly string[];
  /** Functions that make one row of many, where the server would not mind a column beside them. */
  readonly aggregates?: ReadonlySet<string>;
}

/** Whether the token is this keyword. A quoted identifier never is one. */
export const isWord = (token: SqlToken | undefined, ...words: readonly string[]): boolean =>
  token?.kind === 'word' && words.includes(token.text.toUpperCase());

export const isMark = (token: SqlToken | undefined, mark: string): boolean =>
  token?.kind === 'mark' && token.text === mark;

export const isIdentifier = (token: SqlToken | undefined): token is SqlToken =>
  token?.kind === 'word' || token?.kind === 'quoted';

/** The statement in parts, each with how deep it stands in parentheses and brackets. */
export interface PlacedToken extends SqlToken {
  readonly depth: number;
}

/** An opening parenthesis and its closing one stand outside of what they hold. */
export function placeTokens(tokens: readonly SqlToken[]): readonly PlacedToken[] {
  let depth = 0;
  return tokens.map((token) => {
    if (isMark(token, ')') || isMark(token, ']')) depth -= 1;
    const placed = { ...token, depth };
    if (isMark(token, '(') || isMark(token, '[')) depth += 1;
    return placed;
  });
}
