import type { PlacedToken, SqlDialect } from './sql-token.js';
import { isIdentifier, isMark, isWord } from './sql-token.js';

/** One `FOR UPDATE` or one of its kin. */
export interface LockClause {
  /** Its first token. */
  readonly at: number;
  /** How many tokens it has. */
  readonly length: number;
  /** What stands behind FOR: `UPDATE`, `KEY SHARE`; `SHARE` of LOCK IN SHARE MODE. */
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
  if (isMark(tokens[at - 1], '.')) return undefined;
  if (hasWords(tokens, at, IN_SHARE_MODE)) {
    const end = waitEnd(tokens, at + IN_SHARE_MODE.length);
    return { at, length: end - at, strength: 'SHARE', of: [] };
  }
  if (!isWord(tokens[at], 'FOR')) return undefined;
  const strength = STRENGTHS.find((words) => hasWords(tokens, at + 1, words));
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
  return { at, length: waitEnd(tokens, end) - at, strength: strength.join(' '), of };
}

const IN_SHARE_MODE = ['LOCK', 'IN', 'SHARE', 'MODE'];

const hasWords = (tokens: readonly PlacedToken[], at: number, words: readonly string[]): boolean =>
  words.every((word, index) => isWord(tokens[at + index], word));

/** Behind what says how long the lock is waited for; `WAIT n` is MariaDB's. */
function waitEnd(tokens: readonly PlacedToken[], at: number): number {
  if (isWord(tokens[at], 'NOWAIT')) return at + 1;
  return isWord(tokens[at], 'SKIP', 'WAIT') ? at + 2 : at;
}
