import type { PlacedToken, SqlDialect, SqlToken } from './sql-token.js';
import { isIdentifier, isMark, isWord } from './sql-token.js';

/** One thing that a SELECT reads from. */
export type FromItem =
  | { readonly kind: 'table'; readonly table: FromTable }
  /** A function, or a query of the WITH clause: no lock clause reaches it. */
  | { readonly kind: 'rowless' }
  /** A sub-select, or whatever else is not looked into; with its name, where it has one. */
  | { readonly kind: 'unknown'; readonly name: string | undefined; readonly what: string };

/** A table as the statement names it. */
export interface FromTable {
  /** Its name with the schema, if that was written; as written. */
  readonly path: readonly SqlToken[];
  /** What the statement calls it: its alias, else its name. */
  readonly name: string;
  /** The same as SQL, to put a column behind. */
  readonly reference: string;
}

/** Words behind a table that are no alias of it. */
const BEHIND = ['ON', 'USING', 'LEFT', 'RIGHT', 'INNER', 'FULL', 'CROSS', 'NATURAL'];

/**
 * Takes a FROM clause apart.
 *
 * @param tokens between FROM and the next clause
 * @param queries names of the WITH clause
 */
export function fromItems(
  tokens: readonly PlacedToken[],
  queries: ReadonlySet<string>,
  dialect: SqlDialect,
): readonly FromItem[] {
  return split(tokens, dialect).map((item) => fromItem(item, queries, dialect));
}

/** At commas and at JOIN; what tells the kind of a join stays behind the item before it. */
function split(
  tokens: readonly PlacedToken[],
  { joins = [] }: SqlDialect,
): readonly (readonly PlacedToken[])[] {
  const items: PlacedToken[][] = [[]];
  for (const token of tokens) {
    const isBorder = token.depth === 0 && (isMark(token, ',') || isWord(token, 'JOIN', ...joins));
    if (isBorder) items.push([]);
    else items.at(-1)?.push(token);
  }
  return items;
}

function fromItem(
  item: readonly PlacedToken[],
  queries: ReadonlySet<string>,
  dialect: SqlDialect,
): FromItem {
  const rest = item.slice(isWord(item[0], 'ONLY', 'LATERAL') ? 1 : 0);
  if (isMark(rest[0], '(')) return subSelect(rest, dialect);
  const path = pathOf(rest);
  const [first] = path;
  if (first === undefined) return unknown('an item of FROM that is no table');
  let at = path.length * 2 - 1;
  if (isMark(rest[at], '(')) return { kind: 'rowless' };
  if (path.length === 1 && queries.has(dialect.nameOf(first))) return { kind: 'rowless' };
  const behindWords = [...BEHIND, ...(dialect.hints ?? [])];
  const alias = aliasAt(rest, at, behindWords);
  at += alias.length;
  const behind = rest[at];
  if (behind !== undefined && !isWord(behind, ...behindWords)) {
    return unknown(`${behind.text} behind a table`);
  }
  const named = alias.at(-1) ?? path.at(-1) ?? first;
  const reference = alias.at(-1)?.text ?? path.map(({ text }) => text).join('.');
  return { kind: 'table', table: { path, name: dialect.nameOf(named), reference } };
}

const unknown = (what: string, name?: string): FromItem => ({ kind: 'unknown', what, name });

/** `schema.table`: identifiers with dots between them. */
function pathOf(tokens: readonly PlacedToken[]): readonly PlacedToken[] {
  const path: PlacedToken[] = [];
  for (let at = 0; isIdentifier(tokens[at]); at += 2) {
    path.push(tokens[at] as PlacedToken);
    if (!isMark(tokens[at + 1], '.')) break;
  }
  return path;
}

/** The tokens of `AS alias` or `alias`; none where there is no alias. */
function aliasAt(
  tokens: readonly PlacedToken[],
  at: number,
  behind: readonly string[],
): readonly PlacedToken[] {
  const asLength = isWord(tokens[at], 'AS') ? 1 : 0;
  const alias = tokens[at + asLength];
  if (!isIdentifier(alias)) return [];
  if (asLength === 0 && isWord(alias, ...behind, 'TABLESAMPLE', 'PARTITION')) return [];
  return tokens.slice(at, at + asLength + 1);
}

function subSelect(tokens: readonly PlacedToken[], dialect: SqlDialect): FromItem {
  const end = tokens.findIndex((token, index) => index > 0 && token.depth === tokens[0]?.depth);
  const alias = aliasAt(tokens, end + 1, BEHIND).at(-1);
  return unknown('a sub-select or a join in parentheses', alias && dialect.nameOf(alias));
}
