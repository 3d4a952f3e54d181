import type { FromItem, FromTable } from './from-items.js';
import { fromItems } from './from-items.js';
import type { LockClause } from './lock-clauses.js';
import { lockClauseAt } from './lock-clauses.js';
import type { PlacedToken, SqlDialect } from './sql-token.js';
import { isIdentifier, isMark, isWord, placeTokens } from './sql-token.js';

/** A locking read, taken apart as far as it has to be to tell which rows it has locked. */
export interface LockingRead {
  /** Where a further column of the select list goes, and what comes before it. */
  readonly insertAt: number;
  readonly separator: string;
  /** The tables whose rows it locks. */
  readonly tables: readonly FromTable[];
  /** Where its lock clauses stand in the text. */
  readonly clauses: readonly {
    readonly strength: string;
    readonly start: number;
    readonly end: number;
  }[];
}

/** What the statement has that is not understood, as the end of a sentence. */
export interface NotUnderstood {
  readonly reason: string;
}

const ADVICE =
  'Write it as SELECT … FROM tables and joins … FOR UPDATE, with the lock at the outermost level ' +
  'and OF with the tables that it is for, if there is more than tables in FROM.';

/**
 * Finds the tables that a `SELECT … FOR UPDATE` locks, and the place for columns of ours. What is
 * not known for certain is not understood: a lock that nobody has looked behind would give a value
 * that may still be rolled back.
 */
export function sliceLockingRead(sql: string, dialect: SqlDialect): LockingRead | NotUnderstood {
  try {
    return slice(placeTokens(dialect.scan(sql)), dialect);
  } catch (error) {
    if (error instanceof Unclear) return { reason: `${error.message} ${ADVICE}` };
    throw error;
  }
}

/** Ends the slicing; it does not leave this file. */
class Unclear extends Error {
  constructor(what: string) {
    super(`it has ${what}, so it cannot be told which rows it locks.`);
  }
}

function slice(all: readonly PlacedToken[], dialect: SqlDialect): LockingRead {
  const tokens = isMark(all.at(-1), ';') ? all.slice(0, -1) : all;
  if (tokens.some((token) => isMark(token, ';'))) throw new Unclear('several statements');
  const start = mainSelect(tokens);
  const from = clauseAt(tokens, start, ['FROM']);
  if (from === undefined) throw new Unclear('no FROM');
  if (isWord(tokens[start + 1], 'DISTINCT', 'DISTINCTROW')) throw new Unclear('DISTINCT');
  const one = aggregateIn(tokens.slice(start, from), dialect);
  if (one !== undefined) throw new Unclear(one);
  const combined = clauseAt(tokens, start, COMBINING);
  if (combined !== undefined) throw new Unclear(tokens[combined]?.text ?? 'more than one SELECT');
  const fromEnd = clauseAt(tokens, from + 1, AFTER_FROM) ?? tokens.length;
  const clauses = lockClauses(tokens, fromEnd, dialect);
  const items = fromItems(
    tokens.slice(from + 1, fromEnd),
    queriesOf(tokens, start, dialect),
    dialect,
  );
  return {
    insertAt: tokens[from]?.start ?? 0,
    separator: from === start + 1 || isLoneAll(tokens, start, from) ? '' : ', ',
    tables: lockedTables(items, clauses),
    clauses: clauses.map(({ at, length, strength }) => ({
      strength,
      start: tokens[at]?.start ?? 0,
      end: tokens[at + length - 1]?.end ?? 0,
    })),
  };
}

/** A function that makes one row of many; inside a sub-select it does so there. */
function aggregateIn(
  tokens: readonly PlacedToken[],
  { aggregates }: SqlDialect,
): string | undefined {
  const found = tokens.find(
    (token, index) =>
      token.kind === 'word' &&
      isMark(tokens[index + 1], '(') &&
      aggregates?.has(token.text.toUpperCase()),
  );
  return found && `${found.text.toUpperCase()}()`;
}

const COMBINING = ['GROUP', 'HAVING', 'WINDOW', 'UNION', 'INTERSECT', 'EXCEPT', 'INTO'];
const AFTER_FROM = ['WHERE', 'ORDER', 'LIMIT', 'OFFSET', 'FETCH', 'FOR', 'LOCK', 'PROCEDURE'];

const isLoneAll = (tokens: readonly PlacedToken[], start: number, from: number): boolean =>
  from === start + 2 && isWord(tokens[start + 1], 'ALL');

/** Behind the WITH clause, if there is one. */
function mainSelect(tokens: readonly PlacedToken[]): number {
  if (isWord(tokens[0], 'SELECT')) return 0;
  const start = isWord(tokens[0], 'WITH') ? clauseAt(tokens, 0, ['SELECT']) : undefined;
  if (start === undefined) throw new Unclear(`${tokens[0]?.text ?? 'nothing'} in front`);
  return start;
}

/** The first of these keywords at the outermost level. */
function clauseAt(
  tokens: readonly PlacedToken[],
  from: number,
  words: readonly string[],
): number | undefined {
  const found = tokens.findIndex(
    (token, index) =>
      index >= from && token.depth === 0 && isWord(token, ...words) && !isName(tokens, index),
  );
  return found === -1 ? undefined : found;
}

/** Whether the keyword is something else there: a column, a label, or half of an operator. */
function isName(tokens: readonly PlacedToken[], index: number): boolean {
  const before = tokens[index - 1];
  if (isMark(before, '.') || isWord(before, 'AS')) return true;
  return isWord(before, 'DISTINCT') && isWord(tokens[index - 2], 'IS', 'NOT');
}

/** The names before the parentheses of `WITH a AS (…), b (c) AS (…)`. */
function queriesOf(
  tokens: readonly PlacedToken[],
  start: number,
  dialect: SqlDialect,
): ReadonlySet<string> {
  const names = tokens.slice(0, start).filter((token, index) => {
    if (token.depth > 0 || !isIdentifier(token)) return false;
    const before = tokens[index - 1];
    return isMark(before, ',') || isWord(before, 'WITH', 'RECURSIVE');
  });
  return new Set(names.map(dialect.nameOf));
}

function lockClauses(
  tokens: readonly PlacedToken[],
  from: number,
  dialect: SqlDialect,
): readonly LockClause[] {
  const clauses: LockClause[] = [];
  for (const [index, token] of tokens.entries()) {
    const clause = lockClauseAt(tokens, index, dialect);
    if (clause === undefined) continue;
    if (token.depth > 0 || index < from) throw new Unclear('a lock inside of a sub-select');
    clauses.push(clause);
  }
  if (clauses.length === 0) throw new Unclear('no lock clause that is known');
  const isKnown = (index: number): boolean => clauses.some(({ at }) => at === index);
  for (const [index, token] of tokens.entries()) {
    const isOther = token.depth === 0 && isWord(token, 'FOR') && !isName(tokens, index);
    if (isOther && !isKnown(index)) throw new Unclear('a FOR clause that is not known');
  }
  return clauses;
}

/** All tables, or those that the clauses are confined to. */
function lockedTables(
  items: readonly FromItem[],
  clauses: readonly LockClause[],
): readonly FromTable[] {
  const names = clauses.flatMap(({ of }) => of);
  if (clauses.some(({ of }) => of.length === 0)) {
    const unknown = items.find((item) => item.kind === 'unknown');
    if (unknown !== undefined) throw new Unclear(unknown.what);
    return items.flatMap((item) => (item.kind === 'table' ? [item.table] : []));
  }
  return [...new Set(names)].map((name) => {
    const found = items.filter((item) => item.kind === 'table' && item.table.name === name);
    const [item] = found;
    if (item?.kind !== 'table' || found.length > 1) throw new Unclear(`OF ${name}`);
    return item.table;
  });
}
