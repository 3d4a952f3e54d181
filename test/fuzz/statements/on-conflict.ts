import type { Kind } from '../dialect.interface.js';
import { insertHead, names, values } from './parts.js';

/** INSERT … ON CONFLICT, at any key. */
export const upsert: Kind = (writer, table) => {
  if (table.keys.length === 0) return [];
  const { columns } = writer.rng.pick(table.keys);
  const given = writer.given(table);
  const fresh = [...writer.newRow(table)];
  const old = writer.row(table);
  if (old !== undefined && writer.rng.chance(0.7)) {
    for (const column of columns) fresh[column] = old[column] ?? 'NULL';
  }
  writer.touch(table, fresh);
  const free = given.filter(
    (column) => !columns.includes(column) && table.columns[column]?.isIdentity !== true,
  );
  const chosen = free.length === 0 ? [] : [writer.rng.pick(free), writer.rng.pick(free)];
  const sets = [...new Set(chosen)].map((column) => {
    const quoted = table.columns[column]?.quoted ?? '';
    return `${quoted} = EXCLUDED.${quoted}`;
  });
  const action =
    sets.length === 0 || writer.rng.chance(0.25) ? 'NOTHING' : `UPDATE SET ${sets.join(', ')}`;
  const target = `(${names(table, columns)})`;
  return [
    `${insertHead(writer, table, given)} VALUES (${values(fresh, given)}) ` +
      `ON CONFLICT ${target} DO ${action}`,
  ];
};
