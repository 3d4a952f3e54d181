// @ts-check
/**
 * Who may import whom. The table is the architecture: a folder that needs another one is a design
 * question, and this is where it comes up.
 */

/** @type {Record<string, { imports: string[], types?: string[] }>} */
const FOLDERS = {
  protocol: { imports: [] },
  system: { imports: ['protocol'] },
  coordinator: { imports: ['protocol', 'system'] },
  transport: { imports: ['protocol', 'system'] },
  transaction: { imports: ['protocol', 'system'] },
  resource: { imports: ['transaction', 'protocol', 'system'] },
  propagation: { imports: ['transaction', 'protocol'] },
  interceptors: { imports: ['transaction', 'resource', 'protocol'] },
  // Of transaction the check of its options: a wrong one fails when the class is loaded.
  decorators: { imports: ['protocol', 'transaction'], types: ['interceptors', 'resource'] },
};

/** Whoever installs the package without them must not load them, not even in passing. */
const OPTIONAL_PEERS = [
  { peer: 'typeorm', folders: ['lib/resource/typeorm/'], types: [] },
  {
    peer: 'pg',
    folders: ['lib/resource/driver/pg/', 'lib/coordinator/store/postgres/'],
    types: ['lib/resource/at/postgres/'],
  },
  {
    peer: 'mysql2',
    folders: ['lib/resource/driver/mysql2/', 'lib/coordinator/store/mysql/'],
    types: [],
  },
  {
    peer: 'better-sqlite3',
    folders: ['lib/resource/driver/better-sqlite3/visit/', 'lib/coordinator/store/sqlite/'],
    types: [],
  },
  {
    peer: '@grpc/grpc-js',
    folders: ['lib/coordinator/server/native/', 'lib/transport/remote'],
    types: [],
  },
  { peer: 'protobufjs', folders: ['lib/protocol/wire/', 'lib/transport/remote.ts'], types: [] },
  { peer: 'grpc-health-check', folders: ['lib/coordinator/server/native/'], types: [] },
  {
    peer: '@nestjs/microservices',
    folders: [
      'lib/modules/coordinator/',
      'lib/modules/find-microservices.ts',
      'lib/cli/coordinator-program.ts',
    ],
    types: [],
  },
];

const NEST_FOLDERS = ['decorators', 'interceptors', 'modules', 'cli'];
const COMPOSITION = ['modules', 'cli'];

/** @param {readonly string[]} names */
const anyOf = (names) => (names.length === 0 ? '(?!)' : `(${names.join('|')})`);
/** @param {readonly string[]} folders */
const below = (folders) => `^lib/${anyOf(folders)}/`;

const folderRules = Object.entries(FOLDERS).map(([folder, { imports, types = [] }]) => ({
  name: `${folder}-imports-its-row`,
  comment: `lib/${folder} may import ${imports.join(', ') || 'nothing of ours'}.`,
  severity: 'error',
  from: {
    path: `^lib/${folder}/`,
    // The embedded transport calls the coordinator as a function; that is all it is.
    ...(folder === 'transport' && { pathNot: '^lib/transport/embedded' }),
  },
  to: { path: '^lib/', pathNot: [`^lib/${folder}/`, below([...imports, ...types])] },
}));

const typeRules = Object.entries(FOLDERS)
  .filter(([, { types = [] }]) => types.length > 0)
  .map(([folder, { types = [] }]) => ({
    name: `${folder}-imports-types-only`,
    comment: `lib/${folder} may import types, and nothing that runs, from ${types.join(', ')}.`,
    severity: 'error',
    from: { path: `^lib/${folder}/` },
    to: { path: below(types), dependencyTypesNot: ['type-only'] },
  }));

const peerRules = OPTIONAL_PEERS.flatMap(({ peer, folders, types }) => [
  {
    name: `${peer}-is-optional`,
    comment: `Only the folder that is about ${peer} may import it.`,
    severity: 'error',
    from: {
      path: '^lib/',
      pathNot: [...folders, ...types].map((folder) => `^${folder}`),
    },
    to: { path: `node_modules/(@types/)?${peer}/` },
  },
  {
    name: `${peer}-is-optional-at-run-time`,
    comment: `This folder may import the types of ${peer}, and nothing that runs.`,
    severity: 'error',
    from: { path: types.length === 0 ? '(?!)' : `^${anyOf(types)}` },
    to: { path: `node_modules/(@types/)?${peer}/`, dependencyTypesNot: ['type-only'] },
  },
]);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...folderRules,
    ...typeRules,
    ...peerRules,
    {
      name: 'embedded-transport-imports-the-coordinator',
      comment: 'lib/transport/embedded may import the coordinator, protocol and system.',
      severity: 'error',
      from: { path: '^lib/transport/embedded' },
      to: { path: '^lib/', pathNot: below(['transport', 'coordinator', 'protocol', 'system']) },
    },
    {
      name: 'nothing-imports-the-composition-root',
      comment: 'Modules and programs put the parts together; the parts do not know them.',
      severity: 'error',
      from: { path: '^lib/', pathNot: [below(COMPOSITION), '^lib/index\\.ts$'] },
      to: { path: [below(COMPOSITION), '^lib/index\\.ts$'] },
    },
    {
      name: 'modules-do-not-import-programs',
      severity: 'error',
      from: { path: '^lib/(modules/|index\\.ts$)' },
      to: { path: '^lib/cli/' },
    },
    {
      name: 'folders-meet-at-index',
      comment: 'Import from the index.ts of the other folder: the rest of it is its own business.',
      severity: 'error',
      from: { path: '^lib/([^/]+)/' },
      to: { path: '^lib/', pathNot: ['^lib/$1/', '/index\\.ts$'] },
    },
    {
      name: 'subfolders-meet-at-index',
      comment: 'Import from the index.ts of the folder beside.',
      severity: 'error',
      from: { path: '^lib/([^/]+)/([^/]+)/' },
      to: { path: '^lib/$1/[^/]+/', pathNot: ['^lib/$1/$2/', '/index\\.ts$'] },
    },
    {
      name: 'no-circles',
      // Between folders the table leaves no circle, not even of types. Within a folder two files
      // may know each other's types; a circle that exists at run time depends on who is loaded
      // first.
      comment: 'Two files that need each other at run time are one file, or need a third.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nest-stays-outside',
      comment: 'The core runs without a container; Nest is imported by what Nest calls.',
      severity: 'error',
      from: { path: '^lib/', pathNot: below(NEST_FOLDERS) },
      to: { path: 'node_modules/@nestjs/' },
    },
    {
      name: 'sqlite-is-a-store',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/coordinator/store/sqlite/' },
      to: { path: '^(node:)?sqlite$' },
    },
    {
      name: 'only-peers',
      comment: 'What the library imports, the package must ask for: a peer of package.json.',
      severity: 'error',
      from: { path: '^lib/' },
      // Peers are development dependencies too, or nothing could be tested.
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: { path: '^lib/' },
      // Node 20, which may run this check, does not have node:sqlite.
      to: { couldNotResolve: true, pathNot: '^node:sqlite$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.esm.json' },
    enhancedResolveOptions: { conditionNames: ['types', 'import', 'node', 'default'] },
  },
};
