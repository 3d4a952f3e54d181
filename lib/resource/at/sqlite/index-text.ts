import { enclosable, findWord, listingOf } from './ddl-text.js';

/** An index as the text that has created it says. */
export interface IndexText {
  /** SQL of each term over the columns of the table, without its direction. */
  readonly terms: readonly string[];
  /** The condition of a partial index. */
  readonly condition: string | undefined;
}

const DIRECTIONS = ['ASC', 'DESC'];

export function readIndexText(sql: string): IndexText {
  const { items, rest } = listingOf(sql);
  const where = findWord(rest, 'WHERE');
  return {
    terms: items.map(withoutDirection).map(enclosable),
    condition: where && enclosable(rest.slice(where[1]).trim()),
  };
}

function withoutDirection(term: string): string {
  const found = DIRECTIONS.flatMap((word) => findWord(term, word) ?? [])[0];
  return (found === undefined ? term : term.slice(0, found)).trim();
}
