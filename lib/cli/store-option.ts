import { databaseKindOf } from '../coordinator/index.js';
import { STORE_DEFAULT } from '../modules/index.js';
import { messageOf } from '../protocol/index.js';
import type { CliHost } from './command.interface.js';
import { printableLines } from './printable.js';
import { secretsOf, withoutSecrets } from './secrets.js';

/**
 * Works on the store that was asked for: by option, by the environment, or the default file. What
 * goes wrong there is told without its password.
 *
 * @returns the exit status
 * @throws InvalidOptionError for what can be no store
 */
export async function atStore(
  values: Readonly<Record<string, unknown>>,
  host: CliHost,
  work: (store: string) => Promise<void>,
): Promise<number> {
  const store = givenStore(values, host) ?? STORE_DEFAULT;
  try {
    await work(store);
    return 0;
  } catch (error) {
    host.err(`${printableLines(withoutSecrets(messageOf(error), secretsOf(store)))}\n`);
    return 1;
  }
}

/**
 * The store that was asked for by option or by the environment.
 *
 * @throws InvalidOptionError for what can be no store
 */
export function givenStore(
  values: Readonly<Record<string, unknown>>,
  { env }: Pick<CliHost, 'env'>,
): string | undefined {
  const isOption = typeof values['store'] === 'string';
  const given = isOption ? String(values['store']) : env['DTX_STORE_URL'];
  if (given === undefined) return undefined;
  const store = withVariables(given, env);
  databaseKindOf(store, isOption ? '--store' : 'DTX_STORE_URL');
  return store;
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
