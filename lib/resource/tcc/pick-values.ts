import { TccContextError } from '../../protocol/index.js';
import type { TccDefinition } from '../../transaction/index.js';

/**
 * The values of a call that its context keeps.
 *
 * @throws TccContextError (DTX_ERR_RM_TCC_CONTEXT) a path leads nowhere
 */
export function pickValues(
  { name: action, params }: TccDefinition,
  args: readonly unknown[],
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const { index, name, path } of params) {
    const value = valueAt(args[index], path);
    if (value === undefined) {
      const from = path === undefined ? '' : ` at ${path}`;
      throw new TccContextError(action, `the parameter ${name} is undefined${from}`);
    }
    values[name] = value;
  }
  return values;
}

/** Own properties only: a path is no way to what an object inherits. */
function valueAt(argument: unknown, path: string | undefined): unknown {
  let value = argument;
  for (const step of path?.split('.') ?? []) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step))
      return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
