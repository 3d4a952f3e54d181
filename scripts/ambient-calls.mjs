// @ts-check
/**
 * Time, randomness, timers, disk, network and environment are ports: whoever calls them directly
 * cannot be run in a seeded simulation. This table says what counts as such a call and where it is
 * allowed. The linter and the tidy tests both read it.
 */

/** Globals that must not be named at all. */
export const AMBIENT_GLOBALS = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'fetch',
  'crypto',
  'performance',
];

/** Members of otherwise harmless globals. */
export const AMBIENT_MEMBERS = [
  ['Date', 'now'],
  ['Math', 'random'],
  ['process', 'hrtime'],
  ['process', 'env'],
  ['process', 'pid'],
  ['process', 'uptime'],
];

/** Built-in modules, with and without `node:`. Types may be imported from them everywhere. */
export const AMBIENT_MODULES = [
  'child_process',
  'cluster',
  'dgram',
  'dns',
  'fs',
  'fs/promises',
  'http',
  'http2',
  'https',
  'net',
  'os',
  'perf_hooks',
  'timers',
  'timers/promises',
  'tls',
  'worker_threads',
];

/** Names from `node:crypto` that are random; hashing is pure and stays allowed. */
export const AMBIENT_CRYPTO = [
  'randomBytes',
  'randomFill',
  'randomFillSync',
  'randomInt',
  'randomUUID',
  'webcrypto',
];

/** The folders below `lib/` whose work it is to talk to the world. */
export const AMBIENT_FOLDERS = [
  'lib/system/',
  'lib/propagation/',
  'lib/cli/',
  'lib/coordinator/server/listener/',
  'lib/coordinator/store/sqlite/',
  'lib/resource/driver/',
];

/** @param {string} file path from the root of the repository, with forward slashes */
export const mayCallAmbient = (file) =>
  !file.startsWith('lib/') || AMBIENT_FOLDERS.some((folder) => file.startsWith(folder));
