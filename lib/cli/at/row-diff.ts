import type { HeldRow, RowImage } from '../../resource/at/index.js';
import { printable } from '../printable.js';
import { textTable, wrapped } from '../text-table.js';

const NAME_LENGTH_MAX = 24;
const VALUE_LENGTH_MAX = 22;
const WIDTH = 96;

/** Stands where an image has no row, or its row has no such column. */
const NOTHING = '—';

/** Of a value that is cut, so much of what is the same stays in front of the first difference. */
const CONTEXT_LENGTH = 6;

export const DIFF_LEGEND =
  `* changed by the transaction   ! changed since, by somebody else   ` +
  `${NOTHING} no row, or no column`;

const STATES: Readonly<Record<HeldRow['state'], string>> = {
  dirty: 'somebody outside of the transaction has changed it since',
  'as-left': 'as the transaction left it',
  'as-before': 'as it was before the transaction; the next rollback is content with it',
  lock: 'no row, but a lock; it goes with its branch',
};

/** One row for a person: where it is, how it stands, and its columns that are not all the same. */
export function rowLines(row: HeldRow): readonly string[] {
  const place = printable(`${row.table}  ${row.key}`);
  const trouble = row.trouble === undefined ? [] : wrapped(printable(row.trouble), WIDTH - 4);
  // What cannot be compared counts as dirty, whoever has changed it or not.
  const state = row.trouble !== undefined && row.state === 'dirty' ? [] : [STATES[row.state]];
  return [
    place,
    ...[...state, ...trouble].map((line) => `    ${line}`),
    ...(row.state === 'lock' ? [] : diffLines(row)),
  ];
}

interface ColumnDiff {
  readonly name: string;
  readonly mark: string;
  readonly values: readonly string[];
}

function diffLines({ after, before, current }: HeldRow): readonly string[] {
  const names = new Set([before, after, current].flatMap((image) => Object.keys(image ?? {})));
  const columns = [...names].map((name): ColumnDiff => {
    const [was, left, now] = [before, after, current].map((image) => valueOf(image, name));
    const mark = `${was === left ? ' ' : '*'}${left === now ? ' ' : '!'}`;
    return { name, mark, values: [was ?? NOTHING, left ?? NOTHING, now ?? NOTHING] };
  });
  const different = columns.filter(({ mark }) => mark !== '  ');
  const same = columns.length - different.length;
  const rows = different.map(({ mark, name, values }) => [
    `${mark} ${cutAt(name, 0, NAME_LENGTH_MAX)}`,
    ...fitted(values),
  ]);
  const table =
    rows.length === 0 ? [] : textTable([['   COLUMN', 'BEFORE', 'AFTER', 'NOW'], ...rows], ' ');
  const rest = same === 0 ? [] : [`    ${sameText(same, different.length > 0)}`];
  return [...table, ...rest];
}

const sameText = (count: number, hasOthers: boolean): string =>
  `${String(count)}${hasOthers ? ' more' : ''} column${count === 1 ? ' is' : 's are'} the same`;

function valueOf(image: RowImage, name: string): string | undefined {
  if (image === undefined || !Object.hasOwn(image, name)) return undefined;
  const value = image[name] ?? null;
  if (value === null) return 'NULL';
  const isUnclear = value.trim() !== value || ['', 'NULL', NOTHING].includes(value);
  return printable(isUnclear ? `"${value}"` : value);
}

/** Values that are too long are cut so that the first difference can be seen. */
function fitted(values: readonly string[]): readonly string[] {
  if (values.every((value) => value.length <= VALUE_LENGTH_MAX)) return values;
  const texts = values.filter((value) => value !== NOTHING);
  const start = Math.max(0, sharedLength(texts) - CONTEXT_LENGTH);
  const from = start > CONTEXT_LENGTH ? start : 0;
  return values.map((value) => (value === NOTHING ? value : cutAt(value, from, VALUE_LENGTH_MAX)));
}

function sharedLength([first = '', ...others]: readonly string[]): number {
  for (let at = 0; at < first.length; at += 1) {
    if (others.some((text) => text[at] !== first[at])) return at;
  }
  return 0;
}

function cutAt(text: string, from: number, lengthMax: number): string {
  const rest = from === 0 ? printable(text) : `…${text.slice(from)}`;
  return rest.length <= lengthMax ? rest : `${rest.slice(0, lengthMax - 1)}…`;
}
