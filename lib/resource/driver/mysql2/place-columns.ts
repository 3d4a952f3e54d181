import type { CallOptions, Mysql2Answer } from './mysql2-request.js';

/** Names of the columns that tell which rows were locked. */
export const PLACE_COLUMN = 'dtx_place_';

type TypeCast = (field: Field, next: () => unknown) => unknown;

interface Field {
  readonly name: string;
  string(): unknown;
}

/** The application's own reading of values is not for our columns. */
export function tellingOptions(options: CallOptions, config: object): CallOptions {
  const { typeCast } = config as { readonly typeCast?: unknown };
  const cast = options.typeCast ?? typeCast;
  if (typeof cast !== 'function') return options;
  const own: TypeCast = (field, next) =>
    field.name.startsWith(PLACE_COLUMN) ? field.string() : (cast as TypeCast)(field, next);
  return { ...options, typeCast: own };
}

/** An answer without our columns, and what they have told, by table. */
export interface ToldAnswer extends Mysql2Answer {
  readonly places: readonly (readonly string[])[];
}

/** Takes our columns out of the answer again, which come last. */
export function takePlaces({ fields, rows }: Mysql2Answer, tableCount: number): ToldAnswer {
  if (tableCount === 0 || !Array.isArray(rows)) return { fields, rows, places: [] };
  const told = rows.map((row: unknown) => placesIn(row, tableCount));
  const places = Array.from({ length: tableCount }, (_, index) => [
    ...new Set(
      told
        .map((row) => row[index])
        .filter(isThere)
        .map(textOf),
    ),
  ]);
  // A copy: statements that are prepared keep their columns.
  const own = Array.isArray(fields) ? (fields.slice(0, -tableCount) as unknown[]) : fields;
  return { rows, fields: own, places };
}

function placesIn(row: unknown, tableCount: number): readonly unknown[] {
  if (Array.isArray(row)) return row.splice(row.length - tableCount, tableCount) as unknown[];
  const values = row as Record<string, unknown>;
  return Array.from({ length: tableCount }, (_, index) =>
    taken(values, `${PLACE_COLUMN}${String(index)}`),
  );
}

/** With `nestTables` the columns of no table stand by themselves, or have a prefix. */
function taken(values: Record<string, unknown>, name: string): unknown {
  const key = Object.keys(values).findLast((candidate) => candidate.endsWith(name));
  if (key !== undefined) {
    const place = values[key];
    Reflect.deleteProperty(values, key);
    return place;
  }
  const nested = values[''] as Record<string, unknown>;
  const place = nested[name];
  Reflect.deleteProperty(nested, name);
  if (Object.keys(nested).length === 0) Reflect.deleteProperty(values, '');
  return place;
}

/** An outer join has no row there. */
const isThere = (place: unknown): boolean => place !== null && place !== undefined;

const textOf = (place: unknown): string =>
  Buffer.isBuffer(place) ? place.toString('latin1') : String(place);
