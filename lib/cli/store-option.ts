import { STORE_DEFAULT } from '../modules/index.js';
import type { CliHost } from './command.interface.js';

/** The store that was asked for: by option, by the environment, or the default file. */
export function storeOf(
  values: Readonly<Record<string, unknown>>,
  { env }: Pick<CliHost, 'env'>,
): string {
  const given = typeof values['store'] === 'string' ? values['store'] : env['DTX_STORE_URL'];
  return withVariables(given ?? STORE_DEFAULT, env);
}

/**
 * Passwords belong into the environment: whatever stands on a command line is seen by others.
 *
 * @throws Error that names a variable that is not set
 */
export function withVariables(text: string, env: CliHost['env']): string {
  return text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_match, name: string) => {
    const value = env[name];
    if (value === undefined) throw new Error(`The variable ${name} is not set.`);
    return encodeURIComponent(value);
  });
}
