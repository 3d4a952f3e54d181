import type { RowImage } from '../../at-engine.interface.js';

/** The name of the only column where the columns of an image are not known. */
const WHOLE_ROW = '(row)';

/**
 * The columns of an image.
 *
 * @param image the text of a row as PostgreSQL writes it: `(1,"a, b",,"")`
 * @param names of its columns; where they do not fit, the image is one column
 */
export function columnsOf(
  image: string | null,
  names: readonly string[] | undefined,
): NonNullable<RowImage> | undefined {
  if (image === null) return undefined;
  const fields = fieldsOf(image);
  if (names?.length !== fields.length) return { [WHOLE_ROW]: image };
  return Object.fromEntries(names.map((name, index) => [name, fields[index] ?? null]));
}

/**
 * A field without quotes that is empty is NULL. In quotes, both quote and backslash are doubled.
 */
function fieldsOf(image: string): readonly (string | null)[] {
  const inside = image.slice(1, -1);
  return [...inside.matchAll(FIELD)].map(([, field = '']) => {
    if (field === '') return null;
    if (!field.startsWith('"')) return field;
    return field.slice(1, -1).replace(/(["\\])\1/g, '$1');
  });
}

const FIELD = /(?<=^|,)("[^"]*(?:""[^"]*)*"|[^,]*)(?=,|$)/gsu;
