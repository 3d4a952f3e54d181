import type { PlacedToken, SqlDialect } from './sql-token.js';
import { isIdentifier, isMark, isWord } from './sql-token.js';

/** One `FOR UPDATE` or one of its kin. */
export interface LockClause {
  /** Its first token. */
  readonly at: number;
  /** How many tokens it has. */
  readonly length: number;
  /** What stands behind FOR: `UPDATE`, `KEY SHARE`. */
  readonly strength: string;
  /** What it is confined to; empty where it locks everything that is read. */
  readonly of: readonly string[];
}

const STRENGTHS = [['UPDATE'], ['NO', 'KEY', 'UPDATE'], ['SHARE'], ['KEY', 'SHARE']] as const;

/** The lock clause that begins there, if one does. */
export function lockClauseAt(
  tokens: readonly PlacedToken[],
  at: number,
  dialect: SqlDialect,
): LockClause | undefined {
  if (!isWord(tokens[at], 'FOR') || isMark(tokens[at - 1], '.')) return undefined;
  const strength = STRENGTHS.find((words) =>
    words.every((word, index) => isWord(tokens[at + 1 + index], word)),
  );
  if (strength === undefined) return undefined;
  let end = at + 1 + strength.length;
  const of: string[] = [];
  if (isWord(tokens[end], 'OF')) {
    do {
      const name = tokens[end + 1];
      if (!isIdentifier(name)) return undefined;
      of.push(dialect.nameOf(name));
      end += 2;
    } while (isMark(tokens[end], ','));
  }
  if (isWord(tokens[end], 'NOWAIT')) end += 1;
  if (isWord(tokens[end], 'SKIP')) end += 2;
  return { at, length: end - at, strength: strength.join(' '), of };
}
