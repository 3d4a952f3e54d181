import { findWord, listingOf, namesIn } from './ddl-text.js';
import type { Column } from './table-definition.js';

/** The stored columns of which a value is made, by the names in the SQL that makes it. */
export type Inputs = (names: readonly string[]) => readonly string[];

/**
 * What generated columns are made of. The catalogue does not tell, so the text that has created the
 * table is read: it may name more than is meant, such as a function that is called like a column.
 *
 * @param sql of CREATE TABLE
 */
export function inputsOf(sql: string, columns: readonly Column[]): Inputs {
  const generated = new Map(listingOf(sql).items.flatMap(generatedFrom));
  const collect = (names: readonly string[], into: Set<Column>): Set<Column> => {
    for (const column of columns) {
      const name = column.name.toLowerCase();
      if (into.has(column) || !names.includes(name)) continue;
      into.add(column);
      if (column.isGenerated) collect(generated.get(name) ?? [], into);
    }
    return into;
  };
  return (names) => {
    const found = collect(
      names.map((name) => name.toLowerCase()),
      new Set(),
    );
    return [...found].filter(({ isGenerated }) => !isGenerated).map(({ name }) => name);
  };
}

function generatedFrom(definition: string): readonly (readonly [string, readonly string[]])[] {
  const [name] = namesIn(definition);
  const as = findWord(definition, 'AS');
  if (name === undefined || as === undefined) return [];
  return [[name, listingOf(definition.slice(as[1])).items.flatMap(namesIn)]];
}
