import { readFileSync } from 'node:fs';

import type { CoordinatorKey, CoordinatorModuleOptions } from '../modules/coordinator/index.js';
import { STORE_DEFAULT } from '../modules/index.js';
import { InvalidOptionError, messageOf } from '../protocol/index.js';
import type { CliHost } from './command.interface.js';
import { secretsOf, withoutSecrets } from './secrets.js';
import { withVariables } from './store-option.js';

/** One thing that can be said by option, and by a variable of the environment. */
interface Setting {
  readonly flag: string;
  readonly env: string;
  /** It can be said several times; in the environment a comma stands between. */
  readonly isList?: boolean;
  readonly isFlag?: boolean;
  /** What it means to CoordinatorModule. */
  readonly read: (values: readonly string[], place: string) => Partial<CoordinatorModuleOptions>;
  /** What people are shown of it. @default the value */
  readonly show?: (values: readonly string[]) => string;
}

/** A setting that was made, and by what. */
export interface Given {
  readonly flag: string;
  readonly shown: string;
  readonly source: string;
}

export interface CoordinatorSettingsGiven {
  readonly options: CoordinatorModuleOptions;
  readonly given: readonly Given[];
}

const keysShown = (values: readonly string[]): string =>
  `${String(values.length)} ${values.length === 1 ? 'key' : 'keys'}, not shown`;

export const SETTINGS: readonly Setting[] = [
  { flag: 'listen', env: 'DTX_LISTEN', read: ([listen = '']) => ({ listen }) },
  {
    flag: 'store',
    env: 'DTX_STORE_URL',
    read: ([store = '']) => ({ store }),
    show: ([store = '']) => withoutSecrets(store, secretsOf(store)),
  },
  { flag: 'key', env: 'DTX_KEYS', isList: true, read: (keys) => ({ keys }), show: keysShown },
  {
    flag: 'namespace-key',
    env: 'DTX_NAMESPACE_KEYS',
    isList: true,
    read: (entries, place) => ({ keys: entries.map((entry) => namespaceKey(entry, place)) }),
    show: keysShown,
  },
  { flag: 'tls-cert', env: 'DTX_TLS_CERT', read: ([file = ''], place) => tls('cert', file, place) },
  { flag: 'tls-key', env: 'DTX_TLS_KEY', read: ([file = ''], place) => tls('key', file, place) },
  { flag: 'tls-ca', env: 'DTX_TLS_CA', read: ([file = ''], place) => tls('ca', file, place) },
  { flag: 'insecure', env: 'DTX_INSECURE', isFlag: true, read: () => ({ insecure: true }) },
  number('max-open', 'DTX_MAX_OPEN', (value) => ({ caps: { openTransactionsMax: value } })),
  number('max-branches', 'DTX_MAX_BRANCHES', (value) => ({ caps: { branchesMax: value } })),
  number('heartbeat-ms', 'DTX_HEARTBEAT_MS', (heartbeatMs) => ({ heartbeatMs })),
  number('lease-ms', 'DTX_LEASE_MS', (leaseMs) => ({ leaseMs })),
  number('retention-ms', 'DTX_RETENTION_MS', (retentionMs) => ({ retentionMs })),
];

/**
 * What was typed, else what the environment says.
 *
 * @throws InvalidOptionError
 */
export function readCoordinatorSettings(
  values: Readonly<Record<string, unknown>>,
  { env }: Pick<CliHost, 'env'>,
): CoordinatorSettingsGiven {
  const given: Given[] = [];
  const parts: Partial<CoordinatorModuleOptions>[] = [{ store: STORE_DEFAULT }];
  for (const setting of SETTINGS) {
    const found = find(setting, values, env);
    if (found === undefined) continue;
    const { show = (texts: readonly string[]) => texts.join(', ') } = setting;
    given.push({ flag: setting.flag, shown: show(found.texts), source: found.source });
    const texts = found.texts.map((text) => withVariables(text, env));
    parts.push(setting.read(texts, found.source));
  }
  return { options: merged(parts), given };
}

function find(
  { env: name, flag, isFlag, isList }: Setting,
  values: Readonly<Record<string, unknown>>,
  env: CliHost['env'],
): { readonly texts: readonly string[]; readonly source: string } | undefined {
  const typed = values[flag];
  if (typed !== undefined && typed !== false) {
    const texts = (Array.isArray(typed) ? typed : [typed]).map(String);
    return { texts, source: `--${flag}` };
  }
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (isFlag === true && ['0', 'false', 'no'].includes(text.toLowerCase())) return undefined;
  const texts = isList === true ? text.split(',').map((part) => part.trim()) : [text];
  return { texts, source: `$${name}` };
}

/** Objects of options that several settings write parts of, and lists that they add to. */
function merged(parts: readonly Partial<CoordinatorModuleOptions>[]): CoordinatorModuleOptions {
  const all: CoordinatorModuleOptions = Object.assign({}, ...parts) as CoordinatorModuleOptions;
  const keys = parts.flatMap((part) => part.keys ?? []);
  const caps = Object.assign({}, ...parts.map((part) => part.caps)) as object;
  const tlsParts = parts.flatMap((part) => part.tls ?? []);
  return {
    ...all,
    ...(keys.length > 0 && { keys }),
    ...(Object.keys(caps).length > 0 && { caps }),
    ...(tlsParts.length > 0 && {
      tls: Object.assign({}, ...tlsParts) as NonNullable<CoordinatorModuleOptions['tls']>,
    }),
  };
}

function number(
  flag: string,
  env: string,
  toOptions: (value: number) => Partial<CoordinatorModuleOptions>,
): Setting {
  return {
    flag,
    env,
    read: ([text = ''], place) => {
      if (/^\d{1,15}$/.test(text)) return toOptions(Number(text));
      throw new InvalidOptionError({ option: place, value: text, fix: 'Use a whole number.' });
    },
  };
}

function namespaceKey(entry: string, place: string): CoordinatorKey {
  const at = entry.indexOf('=');
  if (at > 0 && at < entry.length - 1) {
    return { namespaces: [entry.slice(0, at)], key: entry.slice(at + 1) };
  }
  throw new InvalidOptionError({ option: place, value: '…', fix: 'Write NAMESPACE=KEY.' });
}

function tls(
  part: 'cert' | 'key' | 'ca',
  file: string,
  place: string,
): Partial<CoordinatorModuleOptions> {
  try {
    return { tls: { [part]: readFileSync(file) } as unknown as { cert: Buffer; key: Buffer } };
  } catch (error) {
    const fix = `Name a PEM file that can be read: ${messageOf(error)}.`;
    throw new InvalidOptionError({ option: place, value: file, fix });
  }
}
