/**
 * A deep copy of plain data, as a wire or a disk makes one: two processes never share an object.
 * Errors are passed as they are; they carry no state.
 */
export function copyOf<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Map) return new Map([...value].map(([key, held]) => [key, copy(held)]));
  const result: Record<string, unknown> = {};
  for (const [key, held] of Object.entries(value)) result[key] = copy(held);
  return result;
}
